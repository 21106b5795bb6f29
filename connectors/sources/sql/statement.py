"""The SELECTs a stream is read with: in the order (cursor, key), going on beyond a place.

Data flow: SqlMapping + slice + place -> Reader -> SELECT; last row -> place (text) -> next SELECT.

Values of the database are bound as the driver gave them: nothing is lost in a time of change that
is read, remembered and compared again. Rows without a time of change come first, in each read: no
later read would find them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    and_,
    case,
    column,
    func,
    literal,
    or_,
    select,
    table,
    text,
)

from connectors.sources.sql.settings import SqlMapping

_READ: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "Decimal": Decimal,
    "UUID": UUID,
    "bytes": bytes.fromhex,
}


@dataclass(frozen=True)
class Place:
    """Where a read stands: after the row with this cursor and key.

    `timeless`: among the rows without a cursor's value, which have only their key.
    """

    key: Any
    cursor: Any = None
    timeless: bool = False

    def text(self) -> str | None:
        """As text, exactly; None for values that can not be told so (the slice begins anew)."""
        packed = [_packed(self.key), _packed(self.cursor)]
        if self.key is None or any(one is None for one in packed):
            return None
        return json.dumps([*packed, self.timeless], separators=(",", ":"))

    @classmethod
    def parse(cls, told: str | None) -> Place | None:
        if told is None:
            return None
        key, cursor, timeless = json.loads(told)
        return cls(_unpacked(key), _unpacked(cursor), timeless)


@dataclass(frozen=True)
class Slice:
    """Rows from `since` on and before `until` (aware), or with numbers from `first` on."""

    since: datetime | None = None
    until: datetime | None = None
    first: int | None = None


class Reader:
    """Makes the SELECTs of one stream, for one dialect and the time zone of naive times."""

    def __init__(self, stream: SqlMapping, dialect: str, timezone: str) -> None:
        self._stream, self._dialect, self._timezone = stream, dialect, timezone
        self._from = _source_of(stream)
        self._key: ColumnElement[Any] = column(stream.key)
        name = stream.cursor.column
        self._cursor: ColumnElement[Any] | None = column(name) if name else None

    def peek(self) -> Select[Any]:
        """No row, all columns: which there are."""
        return select(text("*")).select_from(self._from).where(text("1 = 0"))

    def keys(self) -> Select[Any]:
        """All keys."""
        return select(self._key).select_from(self._from).where(self._key.is_not(None))

    def one(self) -> Select[Any]:
        """One row of what will be read."""
        return self._columns().limit(1)

    def timeless(self, after: Place | None = None) -> Select[Any] | None:
        """Rows whose cursor is null, by key; None where the stream has no cursor."""
        if self._cursor is None:
            return None
        found = self._columns().where(self._cursor.is_(None)).order_by(self._key)
        return found if after is None else found.where(self._key > _bound(after.key))

    def rows(self, wanted: Slice, after: Place | None = None) -> Select[Any]:
        """The slice's rows in their order, beyond `after`."""
        found = self._columns()
        if self._cursor is None:
            found = found.order_by(self._key)
            return found if after is None else found.where(self._key > _bound(after.key))
        cursor = self._cursor
        conditions: list[ColumnElement[bool]] = [cursor.is_not(None)]
        if wanted.first is not None:
            conditions.append(cursor >= literal(wanted.first))
        if wanted.since is not None:
            conditions.append(self._compared(cursor, wanted.since, from_here=True))
        if wanted.until is not None:
            conditions.append(self._compared(cursor, wanted.until, from_here=False))
        if after is not None:
            # The first part lets the database use an index on the cursor alone.
            place = _bound(after.cursor)
            conditions.append(cursor >= place)
            conditions.append(
                or_(cursor > place, and_(cursor == place, self._key > _bound(after.key)))
            )
        return found.where(and_(*conditions)).order_by(cursor, self._key)

    def _columns(self) -> Select[Any]:
        columns: list[ColumnElement[Any]] = [column(name) for name in self._stream.read_columns()]
        return select(*columns).select_from(self._from)

    def _compared(
        self, cursor: ColumnElement[Any], moment: datetime, *, from_here: bool
    ) -> ColumnElement[bool]:
        """`cursor >= moment` or `cursor < moment`, in what the column holds."""
        left: ColumnElement[Any] = cursor
        right: ColumnElement[Any]
        if self._stream.cursor.format == "unix":
            seconds = int(moment.timestamp())
            right = literal(seconds if from_here else seconds + (moment.microsecond > 0))
        elif self._dialect == "postgresql":
            # A column without time zone is compared in the session's, which is the source's.
            bound = moment if not from_here else self._before_change(moment)
            right = literal(bound.astimezone(UTC), DateTime(timezone=True))
        elif self._dialect == "sqlite":
            return self._compared_texts(cursor, moment, from_here=from_here)
        else:
            right = literal(self._naive(moment, from_here), DateTime())
        return left >= right if from_here else left < right

    def _compared_texts(
        self, cursor: ColumnElement[Any], moment: datetime, *, from_here: bool
    ) -> ColumnElement[bool]:
        """The same for SQLite, whose times are texts of several forms, compared as days.

        Days in floating point are good to a thousandth of a second. A text with an offset is moved
        to UTC by the function; one it can not read is read every time.
        """
        if from_here:
            moment -= timedelta(milliseconds=2)
        with_offset = or_(cursor.like("%Z"), cursor.op("glob")("*[0-9][+-][0-9][0-9]:[0-9][0-9]"))
        days = func.julianday(cursor)
        wanted = case(
            (with_offset, func.julianday(str(moment.astimezone(UTC).replace(tzinfo=None)))),
            else_=func.julianday(str(self._naive(moment, from_here))),
        )
        return or_(days >= wanted, days.is_(None)) if from_here else days < wanted

    def _naive(self, moment: datetime, from_here: bool) -> datetime:
        """The moment on the source's wall clock; an hour earlier where the clock is put back."""
        local = self._before_change(moment) if from_here else moment
        return local.astimezone(ZoneInfo(self._timezone)).replace(tzinfo=None)

    def _before_change(self, moment: datetime) -> datetime:
        """An hour or two before the moment where local times come twice, else the moment.

        A naive time of the doubled hour is taken for its second pass, so a mark may be an hour
        ahead of what was written after it.
        """
        hour, zone = timedelta(hours=1), ZoneInfo(self._timezone)
        earlier, later = ((moment + step).astimezone(zone).utcoffset() for step in (-hour, hour))
        if earlier is not None and later is not None and earlier > later:
            return moment - 2 * hour
        return moment


def _source_of(stream: SqlMapping) -> FromClause:
    if stream.table is not None:
        schema, _, name = stream.table.rpartition(".")
        return table(name, schema=schema or None)
    query = (stream.query or "").strip().rstrip(";").replace(":", "\\:")
    columns: list[ColumnClause[Any]] = [column(name) for name in stream.read_columns()]
    # A new line, as the last one may end in a comment.
    return text(f"{query}\n").columns(*columns).subquery("own")


def _bound(value: Any) -> ColumnElement[Any]:
    if isinstance(value, datetime):
        return literal(value, DateTime(timezone=value.tzinfo is not None))
    return literal(value)


def _packed(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return [value]
    if isinstance(value, memoryview | bytes):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, datetime | date):
        return [type(value).__name__, value.isoformat()] if type(value).__name__ in _READ else None
    return [type(value).__name__, str(value)] if type(value).__name__ in _READ else None


def _unpacked(told: list[Any]) -> Any:
    return told[0] if len(told) == 1 else _READ[told[0]](told[1])
