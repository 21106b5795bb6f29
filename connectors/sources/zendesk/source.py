"""Zendesk as a source: incremental exports, and ratings page by page.

Data flow: ZendeskSource.pages() -> ZendeskClient.get() -> records.py -> Page -> engine.

Tickets and users come from the cursor exports (`after_cursor` until `end_of_stream`), organizations
and ticket events from the time-based ones, where the next page starts at the last item's time
(`end_time`); what stands at an edge comes twice and is merged by id. Ratings have no export: their
list is read by cursor (`page[after]`). Page numbers are never used: they end at 10,000 rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import AuthenticationError, JourneyConnectorError, SourceError
from connectors.landing.fields import as_moment, cursor_column, value_at
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed, with_lookback
from connectors.sources.zendesk.client import Answered, Row, ZendeskClient
from connectors.sources.zendesk.records import metric_rows, shaped
from connectors.sources.zendesk.settings import ZendeskSettings
from connectors.sources.zendesk.streams import STREAMS

_SPECS = {spec.name: spec for spec in STREAMS}
RATINGS = "satisfaction_rating"
RATINGS_PER_PAGE = 100


@dataclass(frozen=True)
class _Export:
    """An incremental export: its path, the key of its rows, and how it goes on."""

    path: str
    key: str
    by_cursor: bool
    include: str | None = None


_EXPORTS: Mapping[str, _Export] = {
    "user": _Export("incremental/users/cursor.json", "users", True),
    "organization": _Export("incremental/organizations.json", "organizations", False),
    "ticket": _Export("incremental/tickets/cursor.json", "tickets", True, "metric_sets"),
    "ticket_event": _Export("incremental/ticket_events.json", "ticket_events", False),
}


@dataclass(frozen=True)
class _Place(Place):
    """Where a read stands: Zendesk's cursor or the next start (unix seconds); `done`: at the end.

    Without either: at the beginning of the slice.
    """

    cursor: str | None = None
    start: int | None = None
    done: bool = False

    def __str__(self) -> str:
        if self.cursor is not None:
            return f"cursor={self.cursor}"
        return f"start_time={self.start}" if self.start is not None else "beginning"


class ZendeskSource(ClientSource[ZendeskClient]):
    """One Zendesk Support account. Building it does no I/O."""

    def __init__(self, name: str, settings: ZendeskSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = ZendeskClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        """All streams; the re-read window of ratings is the configured one."""
        return with_lookback(STREAMS, RATINGS, timedelta(days=self._settings.rating_window_days))

    def check(self) -> Sequence[CheckItem]:
        """Per stream: may it be read, and by which cursor."""
        items: list[CheckItem] = []
        for spec in STREAMS:
            if spec.parent is not None:
                continue
            try:
                self._try(spec.name)
                items.append(CheckItem(spec.name, True, f"readable; {self._in_words(spec.name)}"))
            except AuthenticationError as error:
                return [*items, failed(spec.name, error)]
            except JourneyConnectorError as error:
                items.append(failed(spec.name, error))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; each can be resumed after."""
        place = _Place.parse(request.position)
        while not place.done:
            answer, after = self._page(request, place)
            rows, past = self._within(request, answer.rows)
            if past:
                after = _Place(after.cursor, after.start, done=True)
            yield Page(
                rows=self._shaped(request.stream, rows, answer),
                token=str(place),
                position=after.text(),
                server_time=answer.server_time,
            )
            place = after

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """No stream's ids are compared: Zendesk flags what was deleted."""
        raise SourceError("there are no ids to compare.", source=self.name, stream=stream)

    def _page(self, request: Request, place: _Place) -> tuple[Answered, _Place]:
        """The page at `place`, and the place after it."""
        if request.stream == RATINGS:
            return self._ratings(request, place)
        export = _EXPORTS[request.stream]
        params: dict[str, Any] = {"per_page": self._settings.page_size}
        if export.include is not None:
            params["include"] = export.include
        start = place.start if place.start is not None else _seconds(request.since) or 0
        if place.cursor is not None:
            params["cursor"] = place.cursor
        else:
            params["start_time"] = start
        answer = self._client.get(export.path, export.key, params, request.stream)
        done = bool(answer.body.get("end_of_stream"))
        if export.by_cursor:
            return answer, _Place(cursor=answer.body.get("after_cursor"), done=done)
        return answer, _Place(start=answer.body.get("end_time") or start, done=done)

    def _ratings(self, request: Request, place: _Place) -> tuple[Answered, _Place]:
        """A page of answered ratings; offers nobody answered are left with Zendesk."""
        size = min(self._settings.page_size, RATINGS_PER_PAGE)
        params: dict[str, Any] = {"page[size]": size, "score": "received"}
        if request.since is not None:
            params["start_time"] = _seconds(request.since)
        if request.until is not None:
            params["end_time"] = _seconds(request.until)
        if place.cursor is not None:
            params["page[after]"] = place.cursor
        answer = self._client.get("satisfaction_ratings.json", f"{RATINGS}s", params, RATINGS)
        meta = answer.body.get("meta") or {}
        return answer, _Place(meta.get("after_cursor"), done=not meta.get("has_more"))

    def _within(self, request: Request, rows: Sequence[Row]) -> tuple[list[Row], bool]:
        """The rows before the slice's end, and whether an export (oldest first) went past it."""
        found = cursor_column(_SPECS[request.stream])
        if request.until is None or found is None:
            return list(rows), False
        name, column = found
        times = [as_moment(value_at(row, column.path or name), column, "UTC") for row in rows]
        inside = [time is None or time < request.until for time in times]
        kept = [row for row, fits in zip(rows, inside, strict=True) if fits]
        past = bool(inside) and not inside[-1] and request.stream in _EXPORTS
        return kept, past

    def _shaped(
        self, stream: str, records: Sequence[Row], answer: Answered
    ) -> dict[str, list[Row]]:
        rows = [row for record in records for row in shaped(stream, record, self._settings)]
        if stream != "ticket":
            return {stream: rows}
        wanted = {record["id"] for record in records}
        sets = [s for s in answer.body.get("metric_sets") or () if s.get("ticket_id") in wanted]
        return {stream: rows, "ticket_metric": metric_rows(list(records), sets)}

    def _try(self, stream: str) -> None:
        """Ask for one row of the stream."""
        if stream == RATINGS:
            self._client.get("satisfaction_ratings.json", f"{RATINGS}s", {"page[size]": 1}, stream)
            return
        export = _EXPORTS[stream]
        self._client.get(export.path, export.key, {"start_time": 0, "per_page": 1}, stream)

    def _in_words(self, stream: str) -> str:
        if stream == RATINGS:
            days = self._settings.rating_window_days
            return f"by created_at, those of the last {days} days again each time"
        if stream == "ticket":
            return "incremental by generated_timestamp, cursor export"
        field = _SPECS[stream].cursor.field
        kind = "cursor" if _EXPORTS[stream].by_cursor else "time-based"
        return f"incremental by {field}, {kind} export"


def _seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment is not None else None
