"""The raw database's tables: one per stream, and the loader's own bookkeeping.

Data flow: StreamSpec -> create or widen `<source>.<stream>`; `_journey.*` beside them.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from connectors.errors import ContractError
from connectors.landing.columns import quoted, raw_columns
from connectors.protocol import StreamSpec

_BOOKKEEPING = (
    "create schema if not exists _journey",
    # Where each stream stands; written in the transaction that brings its rows.
    """create table if not exists _journey.sync_state (
        source varchar not null, stream varchar not null, mark varchar, batch_id varchar not null,
        loaded_at timestamp not null, full_at timestamp, reconciled_at timestamp,
        primary key (source, stream))""",
    """create table if not exists _journey.batch (
        source varchar not null, stream varchar not null, batch_id varchar not null,
        loaded_at timestamp not null, known_at timestamp not null, mark_before varchar,
        mark_after varchar, receipt json not null, primary key (source, batch_id))""",
    """create table if not exists _journey.quarantine (
        source varchar not null, stream varchar not null, batch_id varchar not null,
        reason varchar not null, record json, quarantined_at timestamp not null)""",
    # Keys that came unannounced ("unknown") or stayed away ("missing").
    """create table if not exists _journey.drift (
        source varchar not null, stream varchar not null, kind varchar not null,
        name varchar not null, batch_id varchar not null, seen_at timestamp not null,
        primary key (source, stream, kind, name))""",
)


def prepare(db: duckdb.DuckDBPyConnection) -> None:
    """Create the bookkeeping tables."""
    for statement in _BOOKKEEPING:
        db.execute(statement)


def ensure_streams(db: duckdb.DuckDBPyConnection, source: str, specs: Iterable[StreamSpec]) -> None:
    """Create each stream's table, or add the columns its declaration has gained.

    ContractError when a column's type changed: old rows can not be reread with a new meaning.
    """
    db.execute(f"create schema if not exists {quoted(source)}")
    for spec in specs:
        wanted = raw_columns(spec)
        table = f"{quoted(source)}.{quoted(spec.name)}"
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
        db.execute(f"create table if not exists {table} ({columns})")
        present = {
            row[0]: row[1].replace(" ", "")
            for row in db.execute(
                "select column_name, data_type from information_schema.columns"
                " where table_schema = ? and table_name = ? and table_catalog = current_database()",
                [source, spec.name],
            ).fetchall()
        }
        for name, kind in wanted.items():
            if name not in present:
                db.execute(f"alter table {table} add column {quoted(name)} {kind}")
            elif present[name] != kind:
                raise ContractError(
                    f"column {name} is declared {kind} but stored as {present[name]}.",
                    source=source,
                    stream=spec.name,
                    todo="Declare it under a new name, or load the source anew with --full.",
                )
