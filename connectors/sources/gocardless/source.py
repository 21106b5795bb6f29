"""GoCardless as a source: a backfill through lists, then changes through the event log.

Data flow: GocardlessSource.pages() -> GocardlessClient.list() -> Page -> engine.

First read of a stream: the newest event of the organisation is noted as the mark *before* the list
is read, newest objects first, so that whatever changes during the backfill is read again.
Afterwards: the events of the stream's resource type since the mark, less an overlap, as events
appear late. An event names its object and the action but carries no copy of it, and folding an
action into the stored row would lose what else changed (charge date, amount refunded, payout): so
the objects are asked for with the events, by `include`, and what comes is their present state.
That state is the same whatever order the events are read in; they are walked as every list is.
When the mark's event is gone (kept for 18 months), changes may have been missed: the stream is read
in full again, and a log line says so.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectors.errors import AuthenticationError, JourneyConnectorError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.gocardless.client import GocardlessClient, GoneError, Listing, Row
from connectors.sources.gocardless.records import kept
from connectors.sources.gocardless.settings import MAX_PAGE, GocardlessSettings
from connectors.sources.gocardless.streams import OVERLAP, PATHS, STREAMS

log = logging.getLogger(__name__)

_BY_EVENTS = frozenset(spec.name for spec in STREAMS if spec.cursor.kind == "event_log")


@dataclass(frozen=True)
class _Mark:
    """The event a stream has been read up to; `event` is None while there is none."""

    event: str | None = None
    created_at: str = ""

    @classmethod
    def parse(cls, text: str) -> _Mark:
        return cls(**json.loads(text))

    def text(self) -> str:
        return json.dumps(self.__dict__, separators=(",", ":"))

    def since(self) -> str:
        """Where to begin reading events, as text of the API."""
        return _text(datetime.fromisoformat(self.created_at) - OVERLAP)


@dataclass(frozen=True)
class _Place(Place):
    """Where a walk stands: "list", "events" or "done", the next page's cursor, where events began.

    `mark` is the mark this read will leave behind, as text.
    """

    kind: str = "list"
    after: str | None = None
    since: str | None = None
    mark: str | None = None


class GocardlessSource(ClientSource[GocardlessClient]):
    """One GoCardless organisation. Building it does no I/O."""

    def __init__(self, name: str, settings: GocardlessSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = GocardlessClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        """All streams."""
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """Per stream: may it be read, and by which cursor."""
        items: list[CheckItem] = []
        for spec in STREAMS:
            try:
                self._client.list(PATHS[spec.name], {"limit": 1}, spec.name)
            except JourneyConnectorError as error:
                items.append(failed(spec.name, error))
                if isinstance(error, AuthenticationError):
                    break
                continue
            if spec.name in _BY_EVENTS:
                detail = "readable; first in full, then by the events"
            elif spec.name == "event":
                detail = "readable; by created_at, the last hour again each time"
            else:
                detail = "readable; in full each time, as no event tells of changes"
            items.append(CheckItem(spec.name, True, detail))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; each can be resumed after."""
        place = _Place.parse(request.position)
        if place.kind == "done":
            return
        if place.kind == "events":
            yield from self._events(request, place)
        elif request.position is not None or request.stream not in _BY_EVENTS:
            yield from self._listed(request, place)
        elif request.since is not None or request.until is not None:
            yield from self._listed(request, _Place())
        elif request.mark is None or request.full:
            yield from self._listed(request, _Place(mark=self._newest(request.stream).text()))
        else:
            yield from self._changed(request, _Mark.parse(request.mark))

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All ids of the stream's list, newest first, in chunks as large as allowed."""
        after: str | None = None
        while True:
            params = {**self._params(after), "limit": MAX_PAGE}
            listing = self._client.list(PATHS[stream], params, stream)
            if listing.data:
                yield [(row["id"],) for row in listing.data]
            if listing.after is None:
                return
            after = listing.after

    def _listed(self, request: Request, place: _Place) -> Iterator[Page]:
        """The list of a stream from `place` on, newest first."""
        stream, bounds = request.stream, {}
        if request.since is not None:
            bounds["created_at[gte]"] = _text(request.since)
        if request.until is not None:
            bounds["created_at[lt]"] = _text(request.until)
        while True:
            params = {**bounds, **self._params(place.after)}
            listing = self._client.list(PATHS[stream], params, stream)
            token, place = place.after, replace(place, after=listing.after)
            rows = [kept(stream, row) for row in listing.data]
            yield _page(stream, rows, listing, f"list>{token or ''}", place)
            if listing.after is None:
                return

    def _changed(self, request: Request, mark: _Mark) -> Iterator[Page]:
        newest = self._newest(request.stream)
        if mark.event is None:
            if newest.event is not None:
                yield from self._listed(request, _Place(mark=newest.text()))
            else:  # still without events
                yield Page(rows={request.stream: []}, mark=mark.text())
            return
        try:
            # Asking for the event itself decides: it is answered for as long as events are kept.
            self._client.one("events", mark.event, request.stream)
        except GoneError:
            log.warning(
                "%s.%s: the last read is too long ago for the event log; reading in full again.",
                self.name,
                request.stream,
            )
            yield from self._listed(request, _Place(mark=newest.text()))
            return
        yield from self._events(request, _Place("events", None, mark.since(), newest.text()))

    def _events(self, request: Request, place: _Place) -> Iterator[Page]:
        """The objects of the stream's events since `place.since`, each in its present state."""
        stream = request.stream
        chosen = {"created_at[gte]": place.since, "resource_type": PATHS[stream], "include": stream}
        while True:
            params = {**chosen, **self._params(place.after)}
            listing = self._client.list("events", params, stream)
            token, place = place.after, replace(place, after=listing.after)
            rows = self._objects(stream, listing)
            yield _page(stream, rows, listing, f"events>{token or ''}", place)
            if listing.after is None:
                return

    def _objects(self, stream: str, listing: Listing) -> list[Row]:
        """The objects the page's events are about; one that was not included is fetched."""
        found = {str(row["id"]): row for row in listing.linked.get(PATHS[stream]) or ()}
        wanted = dict.fromkeys(str((e.get("links") or {}).get(stream) or "") for e in listing.data)
        rows = []
        for id in filter(None, wanted):
            try:
                row = found.get(id) or self._client.one(PATHS[stream], id, stream)
            except GoneError:
                continue
            rows.append(kept(stream, row))
        return rows

    def _newest(self, stream: str) -> _Mark:
        """The organisation's newest event; whatever comes after it will be read next time."""
        newest = self._client.list("events", {"limit": 1}, stream).data
        return _Mark(str(newest[0]["id"]), str(newest[0]["created_at"])) if newest else _Mark()

    def _params(self, after: str | None) -> dict[str, Any]:
        paging: dict[str, Any] = {"limit": self._settings.page_size}
        return {**paging, "after": after} if after is not None else paging


def _page(stream: str, rows: list[Row], listing: Listing, token: str, place: _Place) -> Page:
    ahead = place if place.after is not None else replace(place, kind="done")
    return Page(
        rows={stream: rows},
        token=token,
        position=ahead.text(),
        server_time=listing.server_time,
        mark=place.mark,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
