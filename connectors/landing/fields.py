"""Where a declared column's value lies in a record, and what it means as a moment in time.

Data flow: record -> value_at() -> as_moment() -> the stream's mark.

The loader says the same in SQL (columns.py); both follow one rule for local times: in the hour that
a clock change doubles or skips, the smaller offset (winter time) counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from connectors.protocol import Column, StreamSpec

_NUMBER = re.compile(r"^-?\d+$")


def value_at(record: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; the whole path is tried as one literal key first."""
    if path in record:
        return record[path]
    value: Any = record
    for step in path.split("."):
        if type(value) is dict or isinstance(value, Mapping):  # the first is ten times quicker
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def cursor_column(spec: StreamSpec) -> tuple[str, Column] | None:
    """The declared column that `Cursor.field` points at: (name, column)."""
    wanted = spec.cursor.field
    if wanted is None:
        return None
    for name, column in spec.columns.items():
        if wanted in (name, column.path):
            return name, column
    return wanted, Column("timestamp", path=wanted)


def version_column(spec: StreamSpec) -> str | None:
    """The column that orders versions of one key: `version`, or the cursor of updated_since."""
    if spec.version is not None:
        return spec.version
    if spec.cursor.kind == "updated_since":
        found = cursor_column(spec)
        return found[0] if found and found[0] in spec.columns else None
    return None


def as_moment(value: Any, column: Column, timezone: str) -> datetime | None:
    """The value as an aware UTC datetime; None when it is none (the loader will quarantine it)."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    if column.type == "unix":
        return _from_unix(value)
    text = str(value).strip()
    if text[-1:] in "zZ":
        text = text[:-1] + "+00:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return local_to_utc(moment, timezone)
    return moment.astimezone(UTC)


def latest_moment(values: Sequence[Any], column: Column, timezone: str) -> datetime | None:
    """The latest of many values; None when none is a moment.

    Texts of one length that end in Z sort as the times they say, so that only one is parsed.
    """
    first = values[0] if values else None
    if isinstance(first, str) and first.endswith("Z"):
        length = len(first)
        if all(type(v) is str and len(v) == length and v.endswith("Z") for v in values):
            found = as_moment(max(values), column, timezone)
            if found is not None:
                return found
    moments = (as_moment(value, column, timezone) for value in values)
    return max((moment for moment in moments if moment is not None), default=None)


def local_to_utc(moment: datetime, timezone: str) -> datetime:
    """A naive local time as UTC; the smaller offset in doubled and missing hours.

    Each local time has exactly one instant, so nothing is lost or counted twice.
    """
    if timezone == "UTC":
        return moment.replace(tzinfo=UTC)
    zone = _zone(timezone)
    offsets = [moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
    offset = min(value or timedelta(0) for value in offsets)
    return (moment - offset).replace(tzinfo=UTC)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _from_unix(value: Any) -> datetime | None:
    try:
        seconds = float(value)
        return datetime.fromtimestamp(seconds, UTC) if 0 <= seconds < 10**11 else None
    except (TypeError, ValueError, OverflowError):
        return None


def greater_mark(left: str | None, right: str | None) -> str | None:
    """The later of two marks: both moments, both whole numbers, else the right one (opaque)."""
    if left is None or right is None:
        return right if left is None else left
    if _NUMBER.match(left) and _NUMBER.match(right):
        return left if int(left) >= int(right) else right
    first, second = moment_of(left), moment_of(right)
    if first is None or second is None:
        return right
    return left if first >= second else right


def moment_of(mark: str | None) -> datetime | None:
    """The mark as a moment (UTC), if it is one."""
    if mark is None or _NUMBER.match(mark):
        return None
    return as_moment(mark, Column("timestamp"), "UTC")
