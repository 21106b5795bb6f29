"""Declared columns as SQL: types, and casts that never guess.

Data flow: StreamSpec -> column definitions (raw tables) and cast expressions (staging of a batch).

Every value arrives as text and is cast with TRY_CAST; what does not fit becomes NULL and a reason.
Local times become UTC by one rule: in the hour a clock change doubles or skips, the smaller offset
(winter time) counts. Empty text is NULL for every type that is not text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.errors import ContractError
from connectors.protocol import ColumnType, StreamSpec

SQL_TYPES: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "unix": "TIMESTAMP",
    "money": "DECIMAL(18,4)",
    "minor": "BIGINT",
    "email": "VARCHAR",
    "phone": "VARCHAR",
    "json": "JSON",
}
TYPE_WORDS: dict[ColumnType, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "timestamp": "a date and time",
    "unix": "seconds since 1970",
    "money": "an amount with at most 4 decimals",
    "minor": "a whole number of minor units",
    "email": "text",
    "phone": "text",
    "json": "JSON",
}
DERIVED = {"email": "_key", "phone": "_e164"}
SYSTEM_COLUMNS: dict[str, str] = {
    "_extra": "JSON",
    "_row_hash": "VARCHAR",
    "_source_updated_at": "TIMESTAMP",
    "_first_known_at": "TIMESTAMP",
    "_known_from": "TIMESTAMP",
    "_known_to": "TIMESTAMP",
    "_is_deleted": "BOOLEAN",
    "_is_future": "BOOLEAN",
    "_batch_id": "VARCHAR",
}
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,62}$")
_WITH_OFFSET = r"\d:\d{2}(:\d{2}(\.\d+)?)?\s*([Zz]|[+-]\d{2}(:?\d{2})?)$"


def quoted(name: str) -> str:
    """The identifier in quotes; ContractError when it is not a plain name."""
    if not _NAME.match(name.lstrip("_")):
        raise ContractError(
            f"{name!r} is not a usable column or table name.",
            todo="Use letters, digits and underscores, a letter first.",
        )
    return f'"{name}"'


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def raw_columns(spec: StreamSpec) -> dict[str, str]:
    """Every column of the stream's raw table, in order: name -> SQL type."""
    columns: dict[str, str] = {}
    for name, column in spec.columns.items():
        columns[name] = SQL_TYPES[column.type]
        if column.type in DERIVED:
            columns[name + DERIVED[column.type]] = "VARCHAR"
    missing = set(spec.primary_key) - columns.keys()
    if missing:
        raise ContractError(
            f"the primary key {', '.join(sorted(missing))} is not among the declared columns.",
            stream=spec.name,
        )
    return {**columns, **SYSTEM_COLUMNS}


def json_paths(path: str) -> list[str]:
    """JSON paths to try, in order: the whole path as one key, then its steps."""
    steps = path.split(".")
    tried = ["$." + _key(path)]
    if len(steps) > 1:
        tried.append(
            "$." + ".".join(_key(s) for s in steps).replace(".[", "[")
            if not any(s.isdigit() for s in steps)
            else "$" + "".join(f"[{s}]" if s.isdigit() else f".{_key(s)}" for s in steps)
        )
    return tried


def cast(kind: ColumnType, text: str, timezone: str) -> str:
    """The SQL expression of `text` (an expression too) as this type, NULL when it does not fit."""
    if kind in ("string", "json"):
        return text
    if kind in ("email", "phone"):
        return f"nullif({text}, '')"
    trimmed = f"nullif(trim({text}), '')"
    if kind in ("integer", "minor"):
        whole = f"try_cast({trimmed} as bigint)"
        return _usually(
            text, r"[+-]?[0-9]{1,18}", whole, f"try_cast({trimmed} as double) = {whole}"
        )
    if kind == "number":
        value = f"try_cast({trimmed} as double)"
        return f"case when isfinite({value}) then {value} end"
    if kind == "boolean":
        return f"try_cast({trimmed} as boolean)"
    if kind == "money":
        value = f"try_cast({trimmed} as decimal(18,4))"
        usual = r"[+-]?[0-9]{1,14}([.][0-9]{1,4})?"
        return _usually(text, usual, value, f"try_cast({trimmed} as decimal(38,12)) = {value}")
    if kind == "date":
        value = f"try_cast({trimmed} as date)"
        return _usually(text, r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, f"isfinite({value})")
    if kind == "unix":
        seconds = f"try_cast({trimmed} as double)"
        return (
            f"case when {seconds} between 0 and 99999999999"
            f" then make_timestamp(cast(round({seconds} * 1000000) as bigint)) end"
        )
    return _timestamp(trimmed, timezone)


def _usually(text: str, usual: str, value: str, holds: str) -> str:
    """`value` for texts of the usual form, which cost no further look; for others where `holds`."""
    return (
        f"case when regexp_full_match({text}, {literal(usual)}) then {value}"
        f" when {holds} then {value} end"
    )


def _timestamp(text: str, timezone: str) -> str:
    """Only what begins like a day is a time, so that "infinity" and "epoch" are none."""
    absolute = f"timezone('UTC', try_cast({text} as timestamptz))"
    naive = f"try_cast({text} as timestamp)"
    if timezone != "UTC":
        naive = f"timezone('UTC', timezone({literal(timezone)}, {naive}))"
    return (
        f"case when {text} not like '____-__-__%' then null"
        f" when regexp_matches({text}, {literal(_WITH_OFFSET)}) then {absolute}"
        f" else {naive} end"
    )


def columns_list(names: Sequence[str], prefix: str = "") -> str:
    """Quoted names, comma-separated, each with the table prefix."""
    return ", ".join(prefix + quoted(name) for name in names)


def _key(step: str) -> str:
    return '"' + step.replace('"', '\\"') + '"'
