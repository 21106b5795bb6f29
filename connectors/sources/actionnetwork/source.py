"""Action Network as a source: people, events, donations, and what people did.

Data flow: ActionNetworkSource.pages() -> windows() -> ActionNetworkClient -> Page -> engine.

Every page is one window of `modified_date` (windows.py), so a read can be resumed after any of
them. Actions live below what they were taken on: all of it is listed first, then read one by one in
order of id, from the slice's start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from connectors.errors import JourneyConnectorError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.actionnetwork import records
from connectors.sources.actionnetwork.client import ActionNetworkClient, Listing, Row
from connectors.sources.actionnetwork.settings import ActionNetworkSettings
from connectors.sources.actionnetwork.streams import STREAMS
from connectors.sources.actionnetwork.windows import windows
from connectors.sources.base import ClientSource, Place, failed


@dataclass(frozen=True)
class Below:
    """Where a stream's records live: below each record of `parents`, or in one collection."""

    path: str
    rel: str
    parents: str = ""
    parents_rel: str = ""
    parent: str = ""


_WHERE = {
    "person": Below("people", "osdi:people"),
    "event": Below("events", "osdi:events"),
    "donation": Below("donations", "osdi:donations"),
    "attendance": Below("attendances", "osdi:attendances", "events", "osdi:events", "event"),
    "signature": Below("signatures", "osdi:signatures", "petitions", "osdi:petitions", "petition"),
    "submission": Below("submissions", "osdi:submissions", "forms", "osdi:forms", "form"),
    "outreach": Below(
        *("outreaches", "osdi:outreaches", "advocacy_campaigns"),
        *("action_network:advocacy_campaigns", "advocacy_campaign"),
    ),
}


@dataclass(frozen=True)
class _Position(Place):
    """The parent being read (or just finished), and where its next window starts (None: done)."""

    parent: str = ""
    at: str | None = None


class ActionNetworkSource(ClientSource[ActionNetworkClient]):
    """One group of Action Network. Building it does no I/O."""

    def __init__(self, name: str, settings: ActionNetworkSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = ActionNetworkClient(name, settings, context)
        self._first = datetime.combine(settings.first_day, time(0), tzinfo=UTC)

    def streams(self) -> Sequence[StreamSpec]:
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """Key and partner status, then every collection, and the cursor it is read by."""
        items: list[CheckItem] = []
        for name, where in _WHERE.items():
            path, rel = where.parents or where.path, where.parents_rel or where.rel
            below = f", {where.parent} by {where.parent}" if where.parents else ""
            try:
                found = self._client.page(path, rel, name)
                count = "" if found.total is None else f"{found.total} {path}; "
                detail = f"{count}incremental by modified_date{below}"
                items.append(CheckItem(name, True, detail))
            except JourneyConnectorError as error:
                items.append(failed(name, error))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """One page per window of `modified_date`; each can be resumed after."""
        place = _Position.parse(request.position)
        if not _WHERE[request.stream].parents:
            if request.position is None or place.at is not None:
                yield from self._windows(request, "", place)
            return
        for parent in self._parents(request):
            if parent < place.parent or (parent == place.parent and place.at is None):
                continue
            yield from self._windows(request, parent, place if parent == place.parent else None)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All current ids, window by window."""
        for page in self.pages(Request(stream, full=True)):
            yield [(row["id"],) for row in page.rows[stream]]

    def _windows(self, request: Request, parent: str, place: _Position | None) -> Iterator[Page]:
        stream, where = request.stream, _WHERE[request.stream]
        path = f"{where.parents}/{parent}/{where.path}" if parent else where.path
        start = request.since or self._first
        if place is not None and place.at is not None:
            start = datetime.fromisoformat(place.at)

        def fetch(page: int, only: str) -> Listing:
            return self._client.page(path, where.rel, stream, page, only)

        size, now = self._settings.page_size, datetime.now(UTC)
        for window in windows(fetch, start, request.until, now, size):
            following = window.end.isoformat() if window.end else None
            yield Page(
                rows={stream: [self._row(stream, row, parent) for row in window.rows]},
                token=f"{parent}@{window.start.isoformat()}",
                position=_Position(parent, following).text(),
                server_time=window.server_time,
            )

    def _parents(self, request: Request) -> list[str]:
        """Ids of what a stream's records live below, in order."""
        where, found = _WHERE[request.stream], list[Row]()

        def fetch(page: int, only: str) -> Listing:
            return self._client.page(where.parents, where.parents_rel, request.stream, page, only)

        now = datetime.now(UTC)
        for window in windows(fetch, self._first, None, now, self._settings.page_size):
            found.extend(window.rows)
        oldest = None
        if where.parents == "events" and request.mark is not None and request.since is not None:
            oldest = request.since - timedelta(days=self._settings.action_event_days)
        return sorted({records.id_of(row) for row in found if not _over(row, oldest)})

    def _row(self, stream: str, row: Row, parent: str) -> Row:
        if stream == "person":
            own = {str(column): name for column, name in self._settings.custom_fields.items()}
            return records.person(row, own, self._settings.foreign_systems)
        if stream == "event":
            return records.event(row)
        if stream == "donation":
            return records.donation(row)
        return records.action(row, _WHERE[stream].parent, parent)


def _over(event: Row, oldest: datetime | None) -> bool:
    """Whether an event began before `oldest`; one without a date never did."""
    started = event.get("start_date")
    return oldest is not None and bool(started) and datetime.fromisoformat(str(started)) < oldest
