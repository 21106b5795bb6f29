"""Keys that come unannounced or stay away: kept, reported, or refused, as the contract says.

Data flow: Staged (unknown, missing keys of a batch) + what was seen before -> warnings | error.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

import duckdb

from connectors.errors import ContractError
from connectors.landing.columns import quoted
from connectors.landing.stage import Staged
from connectors.landing.store import Batch
from connectors.protocol import StreamSpec


def with_values(
    db: duckdb.DuckDBPyConnection, source: str, spec: StreamSpec, keys: Set[str]
) -> set[str]:
    """Columns that have values now and may be missing from a batch whose records have `keys`."""
    return {
        name
        for name, column in spec.columns.items()
        if (column.path or name) not in keys and _had_values(db, source, spec, name)
    }


def judge(
    db: duckdb.DuckDBPyConnection, source: str, spec: StreamSpec, found: Staged, had: Set[str]
) -> list[str]:
    """Sentences for the report; ContractError where the stream's contract does not allow it.

    `had`: `with_values` from before the batch was merged.

    `freeze` allows neither. In every mode a declared key that had values and is gone, while an
    unknown key appears for the first time, counts as renamed: loading would erase the values.
    """
    if spec.contract == "freeze" and (found.missing or found.unknown):
        raise ContractError(
            f"the shape changed: {_words(found.missing, found.unknown)}.",
            todo="The stream's contract is frozen: adapt its declaration. What is there stays.",
        )
    new = [key for key in found.unknown if not _seen(db, source, spec, key)]
    gone = [name for name in found.missing if name in had]
    if new and gone:
        raise ContractError(
            f"a key seems to be renamed: {_words(gone, new)}.",
            todo="Adapt the stream's declaration. What is there stays.",
        )
    warnings = []
    if gone:
        warnings.append(f"{spec.name}: no row has {', '.join(gone)} any more")
    if spec.contract == "warn" and found.missing and not gone:
        warnings.append(f"{spec.name}: no row has {', '.join(found.missing)}")
    if new:
        what = "kept in _extra" if spec.unknown == "kept" else "left out, as they may be free text"
        warnings.append(f"{spec.name}: new keys {', '.join(new)}, {what}")
    return warnings


def record(
    db: duckdb.DuckDBPyConnection, batch: Batch, spec: StreamSpec, found: Staged, now: datetime
) -> None:
    """Remember when each such key was first seen."""
    for kind, names in (("unknown", found.unknown), ("missing", found.missing)):
        for name in names:
            db.execute(
                "insert or ignore into _journey.drift values (?, ?, ?, ?, ?, ?)",
                [batch.header.source, spec.name, kind, name, batch.batch_id, now],
            )


def _seen(db: duckdb.DuckDBPyConnection, source: str, spec: StreamSpec, key: str) -> bool:
    row = db.execute(
        "select 1 from _journey.drift"
        " where source = ? and stream = ? and kind = 'unknown' and name = ?",
        [source, spec.name, key],
    ).fetchone()
    return row is not None


def _had_values(db: duckdb.DuckDBPyConnection, source: str, spec: StreamSpec, name: str) -> bool:
    row = db.execute(
        f"select 1 from {quoted(source)}.{quoted(spec.name)}"
        f" where _known_to is null and {quoted(name)} is not null limit 1"
    ).fetchone()
    return row is not None


def _words(missing: list[str], unknown: list[str]) -> str:
    parts = []
    if missing:
        parts.append(f"no row has {', '.join(missing)}")
    if unknown:
        parts.append(f"unknown {', '.join(unknown)}")
    return "; ".join(parts)
