"""pretix as a source: events and dates of series, products, orders with their children, check-ins.

Data flow: PretixSource.pages() -> PretixClient -> Page -> engine.

Page numbers shift when an order is changed while paging, so they are never resumed from. Orders are
read in order of `last_modified`, and each request starts anew at the greatest `last_modified` seen
(`modified_since` is inclusive): an order changed meanwhile moves to the end and is met again there.
Page numbers are only used within one `last_modified`, when more orders share it than fit on a page.
The dates of series are read the same way, check-ins by `created`, event by event. Products and
vouchers have no time of change: they are read event by event, of events that are not long over.

The mark of `order` and `subevent` is the first page's X-Page-Generated, the server's own time. A
refund does not change `last_modified` (tests/real shows it): orders modified within the refund
window are read again each time, and of older orders the refunds alone, as long as their event is
not long over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, with_lookback
from connectors.sources.pretix.checks import PATHS, checked
from connectors.sources.pretix.client import Listing, PretixClient
from connectors.sources.pretix.paging import before, iso, keyset, not_over, walk
from connectors.sources.pretix.records import ORDER_LEFT_OUT, kept, with_children
from connectors.sources.pretix.settings import PretixSettings
from connectors.sources.pretix.streams import STREAMS

# Lists without a time of change: of the organizer, and of one event each.
_PLAIN = ("membership_type", "membership")
_BY_EVENT = ("item", "voucher")


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: the greatest cursor value seen, or `done`; for check-ins per event."""

    since: str | None = None
    event: str = ""
    done: bool = False

    @classmethod
    def after(cls, listing: Listing, reached: str | None, event: str = "") -> str | None:
        """The position after a page; None where only page numbers lead on."""
        if listing.next is not None and reached is None:
            return None
        return cls(since=reached, event=event, done=listing.next is None).text()


class PretixSource(ClientSource[PretixClient]):
    """One organizer of a pretix installation. Building it does no I/O."""

    def __init__(self, name: str, settings: PretixSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = PretixClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        """The configured streams; the lookback of `order` is the configured refund window."""
        window = timedelta(days=self._settings.refund_window_days)
        found = with_lookback(STREAMS, "order", window)
        return [spec for spec in found if spec.name not in self._settings.left_out()]

    def check(self) -> Sequence[CheckItem]:
        """Token and rights, and the cursor of each stream."""
        return checked(self._client, self._settings, self.streams())

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; those of orders and check-ins can be resumed after."""
        if request.stream == "event":
            yield from self._events()
        elif request.stream == "order":
            yield from self._orders(request)
        elif request.stream == "subevent":
            yield from self._subevents(request)
        elif request.stream in _PLAIN:
            yield from self._plain(request.stream)
        elif request.stream in _BY_EVENT:
            yield from self._by_event(request)
        else:
            yield from self._checkins(request)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All keys, in chunks."""
        size = self._settings.page_size
        if stream in _BY_EVENT:
            for slug in self._events_since(None, stream):
                path = PATHS[stream].format(event=slug)
                params = {"page_size": size, "ordering": "id"}
                for listing in walk(self._client, path, params, stream):
                    yield [(row["id"],) for row in listing.results]
            return
        key = "slug" if stream == "event" else "id"
        for listing in walk(
            self._client, PATHS[stream], {"page_size": size, "ordering": key}, stream
        ):
            yield [(row[key],) for row in listing.results]

    def _events(self) -> Iterator[Page]:
        params = {"page_size": self._settings.page_size, "ordering": "slug"}
        for number, listing in enumerate(walk(self._client, "events/", params, "event"), start=1):
            yield Page(
                rows={"event": listing.results},
                token=f"page={number}",
                expected_total=listing.count,
                server_time=listing.server_time,
            )

    def _plain(self, stream: str) -> Iterator[Page]:
        params = {"page_size": self._settings.page_size}
        for number, listing in enumerate(
            walk(self._client, PATHS[stream], params, stream), start=1
        ):
            yield Page(
                rows={stream: kept(stream, listing.results)},
                token=f"page={number}",
                expected_total=listing.count,
                server_time=listing.server_time,
            )

    def _subevents(self, request: Request) -> Iterator[Page]:
        """Dates of all series in order of `last_modified`, which pretix sets at every change."""
        position = _Position.parse(request.position)
        if position.done:
            return
        start = position.since or iso(request.since)
        params = {"ordering": "last_modified", "page_size": self._settings.page_size}
        for token, reached, listing, rows in keyset(
            self._client, "subevents/", params, "modified_since", "last_modified", start, "subevent"
        ):
            inside = [row for row in rows if before(row["last_modified"], request.until)]
            yield Page(
                rows={"subevent": kept("subevent", inside)},
                token=token,
                position=_Position.after(listing, reached),
                server_time=listing.server_time,
                mark=listing.generated,
            )
            if len(inside) < len(rows):
                return

    def _by_event(self, request: Request) -> Iterator[Page]:
        """Lists without a time of change: at incremental reads not of events long over."""
        position = _Position.parse(request.position)
        params = {"page_size": self._settings.page_size, "ordering": "id"}
        for slug in self._events_since(self._oldest(request), request.stream):
            if slug <= position.event:
                continue
            path = PATHS[request.stream].format(event=slug)
            for number, listing in enumerate(
                walk(self._client, path, params, request.stream), start=1
            ):
                whole = listing.next is None
                rows = [{**row, "event": slug} for row in listing.results]
                yield Page(
                    rows={request.stream: kept(request.stream, rows)},
                    token=f"{slug}:page={number}",
                    position=_Position(event=slug).text() if whole else None,
                    server_time=listing.server_time,
                    mark=iso(listing.server_time),
                )

    def _orders(self, request: Request) -> Iterator[Page]:
        position = _Position.parse(request.position)
        if not position.done:
            yield from self._modified_orders(request, position)
        if request.mark is not None and request.since is not None:
            yield from self._late_refunds(request.since, position)

    def _modified_orders(self, request: Request, position: _Position) -> Iterator[Page]:
        start = position.since or iso(request.since)
        params = {
            "ordering": "last_modified",
            "page_size": self._settings.page_size,
            "include_canceled_positions": "true",
            "exclude": list(ORDER_LEFT_OUT),
        }
        read = keyset(
            self._client, "orders/", params, "modified_since", "last_modified", start, "order"
        )
        for token, reached, listing, rows in read:
            inside = [row for row in rows if before(row["last_modified"], request.until)]
            yield Page(
                rows=with_children(inside),
                token=token,
                position=_Position.after(listing, reached),
                server_time=listing.server_time,
                mark=listing.generated,
            )
            if len(inside) < len(rows):
                return  # the slice's end was reached

    def _late_refunds(self, window: datetime, position: _Position) -> Iterator[Page]:
        """Refunds of orders made before the window, for events to come or that ended within it.

        Only codes and refunds are asked for. Orders stay in order of their time, which never
        changes, so that page numbers are safe here.
        """
        done = position.event if position.done else ""
        params = {
            "include": ["code", "event", "refunds"],
            "ordering": "datetime",
            "created_before": iso(window),
            "page_size": self._settings.page_size,
        }
        for slug in self._events_since(window, "order"):
            if slug <= done:
                continue
            for listing in walk(self._client, f"events/{slug}/orders/", params, "order"):
                if listing.next is None:
                    done = slug
                refunds = with_children(listing.results)["order_refund"]
                yield Page(
                    rows={"order": [], "order_refund": refunds},
                    position=_Position(event=done, done=True).text(),
                )

    def _checkins(self, request: Request) -> Iterator[Page]:
        position = _Position.parse(request.position)
        for slug in self._events_since(self._oldest(request), "checkin"):
            if slug < position.event or (slug == position.event and position.done):
                continue
            start = position.since if slug == position.event else iso(request.since)
            params = {"ordering": "created", "page_size": self._settings.page_size}
            path = PATHS["checkin"].format(event=slug)
            read = keyset(self._client, path, params, "created_since", "created", start, "checkin")
            for token, reached, listing, rows in read:
                inside = [row for row in rows if before(row["created"], request.until)]
                yield Page(
                    rows={"checkin": [{**row, "event": slug} for row in inside]},
                    token=f"{slug}:{token}",
                    position=_Position.after(listing, reached, slug),
                    server_time=listing.server_time,
                )
                if len(inside) < len(rows):
                    break

    def _oldest(self, request: Request) -> datetime | None:
        """Events that ended before are left alone; None at a full read or a backfill."""
        if request.mark is None or request.since is None:
            return None
        return request.since - timedelta(days=self._settings.checkin_event_days)

    def _events_since(self, oldest: datetime | None, stream: str) -> list[str]:
        """Slugs in order, of events that have not ended before `oldest` (None: all)."""
        params = {"page_size": self._settings.page_size, "ordering": "slug"}
        slugs = {
            str(event["slug"])
            for listing in walk(self._client, "events/", params, stream)
            for event in listing.results
            if oldest is None or not_over(event, oldest)
        }
        return sorted(slugs)
