"""One view per conformed entity over every source that maps itself.

Data flow: raw `<source>.<entity>` of each mapped source -> raw `mapped.<entity>` -> dbt staging.

The columns are those of the entity's contract and the loader's own, plus `source_system`, the
source's name. Without any such source the views are there, typed and empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from connectors.landing.columns import columns_list, literal, quoted, raw_columns
from connectors.protocol import StreamSpec

SCHEMA = "mapped"


def ensure_views(
    db: duckdb.DuckDBPyConnection, entities: Sequence[StreamSpec], sources: Sequence[str]
) -> None:
    """Create or replace the views; the tables of `sources` must exist."""
    db.execute(f"create schema if not exists {quoted(SCHEMA)}")
    for spec in entities:
        columns = raw_columns(spec)
        selects = [
            f"select {columns_list(list(columns))}, {literal(source)} as source_system"
            f" from {quoted(source)}.{quoted(spec.name)}"
            for source in sources
        ]
        db.execute(
            f"create or replace view {quoted(SCHEMA)}.{quoted(spec.name)} as "
            + " union all ".join([_nothing(columns), *selects])
        )


def _nothing(columns: Mapping[str, str]) -> str:
    typed = ", ".join(f"cast(null as {kind}) as {quoted(name)}" for name, kind in columns.items())
    return f"select {typed}, cast(null as varchar) as source_system where false"
