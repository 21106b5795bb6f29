"""Stripe as a source: a backfill through lists, then changes through the event log.

Data flow: StripeSource.pages() -> StripeClient.list() -> Page -> engine.

First read of a stream: the newest event of the account is noted as the mark *before* the list is
read, newest objects first, so that whatever changes during a backfill of hours is read again.
Afterwards: /v1/events from the mark on, oldest first (`ending_before` walks towards the newest),
each event's object being one version of a row. The next mark lies a few minutes back, because an
event can become visible after a later one. When the mark's event is gone (they are kept for 30
days), changes may have been missed: the stream is read in full again, and a log line says so.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.errors import JourneyConnectorError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, failed
from connectors.sources.stripe.client import GoneError, Listing, Row, StripeClient
from connectors.sources.stripe.records import trimmed
from connectors.sources.stripe.settings import StripeSettings
from connectors.sources.stripe.streams import EVENT_TYPES, STREAMS

log = logging.getLogger(__name__)

_PATHS: Mapping[str, str] = {
    "customer": "customers",
    "subscription": "subscriptions",
    "invoice": "invoices",
    "charge": "charges",
    "refund": "refunds",
    "dispute": "disputes",
}
# A plain list of subscriptions leaves out the cancelled ones.
_FILTERS: Mapping[str, Mapping[str, str]] = {"subscription": {"status": "all"}}
# Lists inside an object stop at ten rows: stream -> (field, path of the whole list, its parameter).
_INNER_LISTS: Mapping[str, tuple[str, str, str | None]] = {
    "invoice": ("lines", "invoices/{id}/lines", None),
    "subscription": ("items", "subscription_items", "subscription"),
}
_DELETABLE = {spec.name for spec in STREAMS if spec.deletes != "none"}
# An event can become visible after one that was created later.
SETTLED_AFTER = 300


@dataclass(frozen=True)
class _Mark:
    """The event a stream has been read up to; `event` is None while the account has none."""

    event: str | None = None
    created: int = 0

    @classmethod
    def parse(cls, text: str) -> _Mark:
        return cls(**json.loads(text))

    def text(self) -> str:
        return json.dumps({"event": self.event, "created": self.created}, separators=(",", ":"))


class StripeSource(ClientSource[StripeClient]):
    """One Stripe account. Building it does no I/O."""

    def __init__(self, name: str, settings: StripeSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = StripeClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        """All streams."""
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """Per stream: may it be read, and by which cursor; all but refunds need the events."""
        items: list[CheckItem] = []
        for name, path in (*_PATHS.items(), ("event", "events")):
            try:
                self._client.list(path, {"limit": 1}, name)
            except JourneyConnectorError as error:
                items.append(failed(name, error))
                if "401" in error.message:
                    break
                continue
            if name == "event":
                detail = "readable; changes are visible for 30 days"
            elif name in EVENT_TYPES:
                detail = "readable; first in full, then by the event log"
            else:
                detail = "readable; by created, the last 30 days again each time"
            items.append(CheckItem(name, True, detail))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; each can be resumed after."""
        if request.stream not in EVENT_TYPES or request.until is not None:
            yield from self._listed(request, None)
        elif request.position is not None:
            yield from self._resumed(request, json.loads(request.position))
        elif request.mark is None or request.full:
            yield from self._listed(request, self._newest())
        else:
            yield from self._changed(request, _Mark.parse(request.mark))

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All ids of the stream's list, newest first, in chunks."""
        after: str | None = None
        while True:
            params: dict[str, Any] = {"limit": self._settings.page_size}
            if after is not None:
                params["starting_after"] = after
            listing = self._client.list(_PATHS[stream], params, stream)
            if listing.data:
                yield [(row["id"],) for row in listing.data]
                after = str(listing.data[-1]["id"])
            if not listing.has_more:
                return

    def _resumed(self, request: Request, position: Mapping[str, Any]) -> Iterator[Page]:
        mark = _Mark.parse(position["mark"])
        if position["kind"] == "list":
            yield from self._listed(request, mark)
        else:
            yield from self._events_or_all(request, position["at"], mark)

    def _listed(self, request: Request, mark: _Mark | None) -> Iterator[Page]:
        """The list of a stream, newest first. `mark`: the event log's place when it began."""
        bounds: dict[str, Any] = {"limit": self._settings.page_size}
        bounds |= _FILTERS.get(request.stream, {})
        if request.since is not None:
            bounds["created[gte]"] = int(request.since.timestamp())
        if request.until is not None:
            bounds["created[lt]"] = int(request.until.timestamp())
        position = json.loads(request.position) if request.position else {}
        # A position of the event log means nothing to the list.
        last = position if position.get("kind") == "list" else {}
        while True:
            listing = self._older(request.stream, bounds, last)
            token = f"list>{last.get('at', '')}"
            if listing.data:
                oldest = listing.data[-1]
                last = {"at": str(oldest["id"]), "created": int(oldest["created"])}
            yield Page(
                rows={request.stream: [self._completed(request.stream, r) for r in listing.data]},
                token=token,
                position=_position("list", mark, last) if last else None,
                server_time=listing.server_time,
                mark=mark.text() if mark else None,
            )
            if not listing.has_more:
                return

    def _older(self, stream: str, bounds: Mapping[str, Any], last: Mapping[str, Any]) -> Listing:
        """The page after `last`; if that object was deleted meanwhile, the page at its time."""
        if not last:
            return self._client.list(_PATHS[stream], bounds, stream)
        try:
            params = {**bounds, "starting_after": last["at"]}
            return self._client.list(_PATHS[stream], params, stream)
        except GoneError:
            params = {**bounds, "created[lte]": last["created"]}
            return self._client.list(_PATHS[stream], params, stream)

    def _changed(self, request: Request, mark: _Mark) -> Iterator[Page]:
        newest = self._newest()
        if mark.event is not None:
            yield from self._events_or_all(request, mark.event, newest)
        elif newest.event is not None:
            yield from self._listed(request, newest)
        else:  # still an account without events
            yield Page(rows={request.stream: []}, mark=mark.text())

    def _events_or_all(self, request: Request, after: str, mark: _Mark) -> Iterator[Page]:
        """The events after `after`; everything, if that event is no longer kept.

        Asking for the event itself decides: it is answered for 30 days, whatever any clock says.
        """
        try:
            self._client.one(f"events/{after}", request.stream)
            yield from self._events(request, after, mark)
        except GoneError:
            log.warning(
                "%s.%s: the last read is too long ago for the event log; reading in full again.",
                self.name,
                request.stream,
            )
            yield from self._listed(request, self._newest())

    def _events(self, request: Request, after: str, mark: _Mark) -> Iterator[Page]:
        """The stream's events after the event `after`, oldest first; `mark` is the next mark."""
        types = EVENT_TYPES[request.stream]
        while True:
            params = {
                "limit": self._settings.page_size,
                "ending_before": after,
                "types[]": list(types),
            }
            listing = self._client.list("events", params, request.stream)
            token = f"events>{after}"
            after = str(listing.data[0]["id"]) if listing.data else after
            rows, gone = self._snapshots(request.stream, listing)
            yield Page(
                rows={request.stream: rows},
                token=token,
                position=_position("events", mark, {"at": after}),
                server_time=listing.server_time,
                mark=mark.text(),
                deleted={request.stream: gone} if gone else {},
            )
            if not listing.has_more:
                return

    def _snapshots(self, stream: str, listing: Listing) -> tuple[list[Row], list[tuple[str]]]:
        """The newest version of each object on the page, oldest change first; and deleted ids."""
        rows: dict[str, Row] = {}
        gone: list[tuple[str]] = []
        for event in reversed(listing.data):
            found = event["data"]["object"]
            if "id" not in found:
                continue
            rows.pop(found["id"], None)
            if str(event.get("type", "")).endswith(".deleted") and stream in _DELETABLE:
                gone.append((found["id"],))
                continue
            rows[found["id"]] = self._as_pinned(stream, event, found)
        return [self._completed(stream, row) for row in rows.values()], gone

    def _as_pinned(self, stream: str, event: Row, found: Row) -> Row:
        """An event's object has the shape of the account's version: fetch it if that differs."""
        version = event.get("api_version")
        if version in (None, self._settings.api_version):
            return found
        try:
            return self._client.one(f"{_PATHS[stream]}/{found['id']}", stream)
        except GoneError:
            return found

    def _completed(self, stream: str, row: Row) -> Row:
        """The row as landed, with the whole of its inner list, which stops at ten in an object."""
        row = trimmed(stream, row)
        if stream not in _INNER_LISTS:
            return row
        field, path, owner = _INNER_LISTS[stream]
        inner = row.get(field)
        if not isinstance(inner, dict) or not inner.get("has_more"):
            return row
        data = list(inner.get("data") or ())
        while True:
            params: dict[str, Any] = {"limit": 100} | ({owner: row["id"]} if owner else {})
            if data:
                params["starting_after"] = data[-1]["id"]
            more = self._client.list(path.format(id=row["id"]), params, stream)
            data += more.data
            if not more.has_more:
                return {**row, field: {**inner, "data": data, "has_more": False}}

    def _newest(self) -> _Mark:
        """The newest event that has settled; whatever comes after it will be read next time."""
        newest = self._client.list("events", {"limit": 1})
        if not newest.data:
            return _Mark()
        now = newest.server_time or datetime.now(UTC)
        chosen, settled = newest.data[0], int(now.timestamp()) - SETTLED_AFTER
        if int(chosen["created"]) > settled:
            older = self._client.list("events", {"limit": 1, "created[lte]": settled})
            chosen = older.data[0] if older.data else chosen
        return _Mark(str(chosen["id"]), int(chosen["created"]))


def _position(kind: str, mark: _Mark | None, last: Mapping[str, Any]) -> str:
    found = {"kind": kind, **last, "mark": mark.text() if mark else None}
    return json.dumps(found, separators=(",", ":"))
