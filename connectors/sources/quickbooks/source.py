"""QuickBooks Online as a source: what was deleted, then what was changed, in order of change.

Data flow: QuickbooksSource.pages() -> QuickbooksClient -> Page -> engine.

Positions of a query shift when a record changes while paging, so they are never resumed from.
Records are read in order of `MetaData.LastUpdatedTime`, and each query starts anew at the greatest
one seen: a record changed meanwhile moves to the end and is met again there. Positions are only
used where more records share a second than fit on a page. A query that takes QuickBooks too long is
asked again for half the time it spans.

A query never shows what was deleted: change data capture does, for 30 days. It is asked first, so
that a record it calls deleted by mistake, or one made anew, is found alive by the query after it.
Its answers hold at most 1,000 objects, the deleted ones last: a full answer is asked for again for
the later half of its time, and what was deleted before that shows when ids are compared. After more
than 30 days without a read, everything is read again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import AuthenticationError, JourneyConnectorError, LoopError, SourceError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.quickbooks.client import (
    Answered,
    QueryTimeoutError,
    QuickbooksClient,
    Row,
    iso,
)
from connectors.sources.quickbooks.records import landed, payment_lines
from connectors.sources.quickbooks.settings import QuickbooksSettings
from connectors.sources.quickbooks.streams import STREAMS

log = logging.getLogger(__name__)

ENTITIES: Mapping[str, str] = {
    "customer": "Customer",
    "invoice": "Invoice",
    "payment": "Payment",
    "sales_receipt": "SalesReceipt",
    "refund_receipt": "RefundReceipt",
    "credit_memo": "CreditMemo",
    "item": "Item",
}
_WITH_INACTIVE = ("customer", "item")
KEPT = timedelta(days=30)
MOST_CHANGES = 1000
_SMALLEST_WINDOW = timedelta(minutes=1)
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)  # before QuickBooks Online there was nothing to change
_TRIES = 3


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: the time from which to ask on (None: the beginning), or `done`."""

    since: str | None = None
    done: bool = False


@dataclass(frozen=True)
class _Window:
    """What one query asks for: changes in [since, until), from the position `start` on."""

    since: datetime | None
    until: datetime | None
    start: int = 1


class QuickbooksSource(ClientSource[QuickbooksClient]):
    """One company in QuickBooks Online. Building it does no I/O."""

    def __init__(self, name: str, settings: QuickbooksSettings, context: SourceContext) -> None:
        self.name = name
        self._size = settings.page_size
        self._client = QuickbooksClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        """All streams."""
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """Per stream: may it be read, and by which cursor."""
        items: list[CheckItem] = []
        for name, entity in ENTITIES.items():
            try:
                self._client.query(entity, f"select * from {entity} maxresults 1", name)
            except JourneyConnectorError as error:
                items.append(failed(name, error))
                if isinstance(error, AuthenticationError):
                    break
                continue
            detail = "incremental by LastUpdatedTime; deletions from change data capture, 30 days"
            items.append(CheckItem(name, True, detail))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice: deletions, then changes, oldest first; most can be resumed after."""
        if request.position is not None:
            position = _Position.parse(request.position)
            if not position.done:
                yield from self._changed(request, _moment(position.since))
        elif request.since is None or request.mark is None:
            yield from self._changed(request, request.since)
        else:
            yield from self._since(request, request.since)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All ids, in chunks that overlap: a deletion meanwhile must not hide a living record."""
        overlap = max(1, self._size // 10)
        for _ in range(_TRIES):
            found: list[str] = []
            start, before = 1, frozenset[str]()
            while True:
                rows = self._ids(stream, start)
                if before and rows and rows[0] not in before:
                    break  # more was deleted meanwhile than the chunks overlap
                found += [id for id in rows if id not in before]
                if len(rows) < self._size:
                    yield [(id,) for id in found]
                    return
                before, start = frozenset(rows), start + self._size - overlap
        raise SourceError(
            "records are deleted faster than their ids can be listed.",
            source=self.name,
            stream=stream,
            todo="Nothing was marked as deleted; run again later.",
        )

    def _ids(self, stream: str, start: int) -> list[str]:
        entity = ENTITIES[stream]
        where = " where Active in (true, false)" if stream in _WITH_INACTIVE else ""
        statement = (
            f"select Id from {entity}{where} orderby Id"
            f" startposition {start} maxresults {self._size}"
        )
        return [str(row["Id"]) for row in self._client.query(entity, statement, stream).rows]

    def _since(self, request: Request, since: datetime) -> Iterator[Page]:
        """Deletions and changes since; everything, if that is longer ago than they are kept."""
        entity = ENTITIES[request.stream]
        now = self._client.query(entity, f"select count(*) from {entity}", request.stream).time
        now = now or datetime.now(UTC)
        if now - since >= KEPT:
            log.warning(
                "%s.%s: the last read is more than 30 days ago; reading in full again.",
                self.name,
                request.stream,
            )
            yield from self._changed(request, None)
            return
        yield Page(
            rows={request.stream: []},
            token=f"..{_text(now)}",
            position=_Position(since=iso(since)).text(),
            server_time=now,
            mark=now.isoformat(),
            deleted={request.stream: self._deleted(request.stream, since, now)},
        )
        yield from self._changed(request, since)

    def _deleted(self, stream: str, since: datetime, now: datetime) -> list[tuple[str]]:
        while True:
            found = self._client.changes(ENTITIES[stream], since, stream).rows
            gone = [(str(row["Id"]),) for row in found if row.get("status") == "Deleted"]
            if len(found) < MOST_CHANGES:
                return gone
            if now - since < 2 * _SMALLEST_WINDOW:
                return gone
            since += (now - since) / 2
            log.warning(
                "%s.%s: too many changes to be told all deletions; those before %s show when ids"
                " are compared.",
                self.name,
                stream,
                iso(since),
            )

    def _changed(self, request: Request, since: datetime | None) -> Iterator[Page]:
        """Records changed since, in order of change."""
        window = _Window(since, request.until)
        seen = frozenset[str]()
        while True:
            window, answer = self._fetch(request.stream, window)
            keys = [_version(row) for row in answer.rows]
            fresh = [r for r, key in zip(answer.rows, keys, strict=True) if key not in seen]
            if window.start > 1 and answer.rows and not fresh:
                raise LoopError(
                    f"paging goes in circles: position {window.start} repeats what came before.",
                    todo="The unfinished batch is thrown away; run again, or report it.",
                )
            following = self._following(window, answer, request.until)
            yield Page(
                rows=_rows(request.stream, fresh),
                token=f"{_text(window.since)}..{_text(window.until)}#{window.start}",
                position=_position(following),
                server_time=answer.time,
                mark=answer.time.isoformat() if answer.time else None,
            )
            if following is None:
                return
            window, seen = following, frozenset(keys)

    def _fetch(self, stream: str, window: _Window) -> tuple[_Window, Answered]:
        """The window's page; of half the window, and half of that, while it takes too long."""
        while True:
            try:
                statement = self._statement(stream, window)
                return window, self._client.query(ENTITIES[stream], statement, stream)
            except QueryTimeoutError:
                since = window.since or _OLDEST
                span = (window.until or datetime.now(UTC)) - since
                if span < _SMALLEST_WINDOW:
                    raise
                window = _Window(since, since + span / 2)

    def _statement(self, stream: str, window: _Window) -> str:
        conditions = ["Active in (true, false)"] if stream in _WITH_INACTIVE else []
        if window.since is not None:
            conditions.append(f"MetaData.LastUpdatedTime >= '{iso(window.since)}'")
        if window.until is not None:
            conditions.append(f"MetaData.LastUpdatedTime < '{iso(window.until)}'")
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return (
            f"select * from {ENTITIES[stream]}{where} orderby MetaData.LastUpdatedTime"
            f" startposition {window.start} maxresults {self._size}"
        )

    def _following(self, window: _Window, answer: Answered, end: datetime | None) -> _Window | None:
        """What to ask for next: on from the last row, the next window, or None at the end."""
        if len(answer.rows) >= self._size:
            last = _updated(answer.rows[-1])
            if last is not None and (window.since is None or last > window.since):
                return replace(window, since=last, start=1)
            return replace(window, start=window.start + len(answer.rows))
        if window.until is None or window.until == end or window.since is None:
            return None
        until = window.until + (window.until - window.since)
        now = end or answer.time or datetime.now(UTC)
        return _Window(window.until, until if until < now else end)


def _rows(stream: str, records: Sequence[Row]) -> dict[str, list[Row]]:
    rows = {stream: [landed(stream, record) for record in records]}
    if stream == "payment":
        rows["payment_line"] = [line for record in records for line in payment_lines(record)]
    return rows


def _version(row: Row) -> str:
    changed = (row.get("MetaData") or {}).get("LastUpdatedTime")
    return f"{row.get('Id')}@{row.get('SyncToken')}@{changed}"


def _updated(row: Row) -> datetime | None:
    return _moment((row.get("MetaData") or {}).get("LastUpdatedTime"))


def _position(following: _Window | None) -> str | None:
    if following is None:
        return _Position(done=True).text()
    if following.start > 1 or following.since is None:
        return None  # only positions lead on from here
    return _Position(since=iso(following.since)).text()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str:
    return iso(moment) if moment else ""
