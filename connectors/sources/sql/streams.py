"""The streams of a database: one per mapped entity.

Data flow: SqlMapping -> StreamSpec (here) -> engine; row of the database -> landed record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.protocol import ColumnType, Cursor, StreamSpec
from connectors.sources.contracts import primary_key
from connectors.sources.mapping import CURSOR, DELETED, as_text, flagged, mapped_spec
from connectors.sources.sql.settings import SqlDeletes, SqlMapping

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_NOT_DELETED = (None, "false", "f", "0", "no", "n")


def spec_of(stream: SqlMapping, timezone: str) -> StreamSpec:
    """The stream's declaration."""
    said = stream.cursor
    kind: ColumnType = "timestamp"
    if said.kind == "append_log_id":
        kind = "integer"
    elif said.format == "unix":
        kind = "unix"
    spec = mapped_spec(
        stream.entity,
        Cursor(said.kind, said.column, timedelta(hours=said.lookback_hours)),
        cursor_type=kind,
        timezone=timezone,
        description=f"Rows of {stream.table or 'a query'}, mapped to {stream.entity}.",
    )
    spec = replace(spec, deletes=stream.deletes.kind)
    if stream.deletes.column is None:
        return spec
    return flagged(spec)


def landed(row: Mapping[str, Any], stream: SqlMapping) -> dict[str, Any]:
    """The contract record of one row, with its time of change (or number) and mark of deletion."""
    plain = {name: plain_value(value) for name, value in row.items()}
    made = stream.record(plain)
    if stream.cursor.column is not None:
        made[CURSOR] = as_text(plain[stream.cursor.column])
    if stream.deletes.column is not None:
        made[DELETED] = _is_deleted(plain[stream.deletes.column], stream.deletes)
    return made


def key_of(value: Any, stream: SqlMapping) -> str | None:
    """The key as it is landed, from the value of the database's key column."""
    key: str | None = stream.record({stream.key: plain_value(value)})[primary_key(stream.entity)]
    return key


def plain_value(value: Any) -> Any:
    """A driver's value as one that `as_text` tells exactly.

    Bytes that are no text are told in hexadecimal digits (binary UUIDs), a single bit as 0 or 1.
    """
    if isinstance(value, memoryview | bytearray):
        value = bytes(value)
    if isinstance(value, bytes):
        if value in (b"\x00", b"\x01"):
            return str(value[0])
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            return value.hex()
        return value.hex() if _CONTROL.search(text) else text
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value


def _is_deleted(value: Any, deletes: SqlDeletes) -> bool:
    text = as_text(value)
    if deletes.is_ is not None:
        return text in {as_text(item) for item in deletes.is_}
    return (text.lower() if text else text) not in _NOT_DELETED
