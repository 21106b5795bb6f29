"""pretix as a source: events, orders with their children, check-ins.

Data flow: PretixSource.pages() -> PretixClient -> Page -> engine.

Page numbers shift when an order is changed while paging, so they are never resumed from. Orders are
read in order of `last_modified`, and each request starts anew at the greatest `last_modified` seen
(`modified_since` is inclusive): an order changed meanwhile moves to the end and is met again there.
Page numbers are only used within one `last_modified`, when more orders share it than fit on a page.
Check-ins are read the same way by `created`, event by event.

The mark of `order` is the first page's X-Page-Generated, the server's own time. A refund does not
change `last_modified` (tests/real shows it): orders modified within the refund window are read
again each time, and of older orders the refunds alone, as long as their event is not long over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import JourneyConnectorError
from connectors.http.client import Usage
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import Place, failed, with_lookback
from connectors.sources.pretix.client import Listing, PretixClient, Row
from connectors.sources.pretix.records import ORDER_LEFT_OUT, with_children
from connectors.sources.pretix.settings import PretixSettings
from connectors.sources.pretix.streams import STREAMS


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


class PretixSource:
    """One organizer of a pretix installation. Building it does no I/O."""

    def __init__(self, name: str, settings: PretixSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = PretixClient(name, settings, context)

    @property
    def usage(self) -> Usage:
        """Requests and bytes so far."""
        return self._client.usage

    def close(self) -> None:
        self._client.close()

    def streams(self) -> Sequence[StreamSpec]:
        """All streams; the lookback of `order` is the configured refund window."""
        window = timedelta(days=self._settings.refund_window_days)
        return with_lookback(STREAMS, "order", window)

    def check(self) -> Sequence[CheckItem]:
        """Token, events, orders and check-ins, and the cursor of each."""
        items: list[CheckItem] = []
        events: Sequence[Row] = []
        try:
            listing = self._client.list("events/", {"page_size": 1})
            events = listing.results
            items.append(CheckItem("event", True, f"{listing.count} events; read in full"))
        except JourneyConnectorError as error:
            return [failed("event", error)]
        try:
            listing = self._client.list("orders/", {"page_size": 1})
            cursor = (
                "incremental by modified_since, mark from X-Page-Generated"
                if listing.generated
                else "no X-Page-Generated: marks come from the server's Date header"
            )
            window = self._settings.refund_window_days
            detail = f"{listing.count} orders; {cursor}; re-read for refunds: {window} days"
            items.append(CheckItem("order", True, detail))
        except JourneyConnectorError as error:
            items.append(failed("order", error))
        try:
            if events:
                self._client.list(f"events/{events[0]['slug']}/checkins/", {"page_size": 1})
            items.append(CheckItem("checkin", True, "incremental by created_since, per event"))
        except JourneyConnectorError as error:
            items.append(failed("checkin", error))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; those of orders and check-ins can be resumed after."""
        if request.stream == "event":
            yield from self._events()
        elif request.stream == "order":
            yield from self._orders(request)
        else:
            yield from self._checkins(request)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All event slugs, in chunks."""
        params = {"page_size": self._settings.page_size, "ordering": "slug"}
        for listing in self._walk(f"{stream}s/", params, stream):
            yield [(row["slug"],) for row in listing.results]

    def _events(self) -> Iterator[Page]:
        params = {"page_size": self._settings.page_size, "ordering": "slug"}
        for number, listing in enumerate(self._walk("events/", params, "event"), start=1):
            yield Page(
                rows={"event": listing.results},
                token=f"page={number}",
                expected_total=listing.count,
                server_time=listing.server_time,
            )

    def _orders(self, request: Request) -> Iterator[Page]:
        position = _Position.parse(request.position)
        if not position.done:
            yield from self._modified_orders(request, position)
        if request.mark is not None and request.since is not None:
            yield from self._late_refunds(request.since, position)

    def _modified_orders(self, request: Request, position: _Position) -> Iterator[Page]:
        start = position.since or _iso(request.since)
        params = {
            "ordering": "last_modified",
            "page_size": self._settings.page_size,
            "include_canceled_positions": "true",
            "exclude": list(ORDER_LEFT_OUT),
        }
        read = self._keyset("orders/", params, "modified_since", "last_modified", start, "order")
        for token, reached, listing, rows in read:
            kept = [row for row in rows if _before(row["last_modified"], request.until)]
            yield Page(
                rows=with_children(kept),
                token=token,
                position=_Position.after(listing, reached),
                server_time=listing.server_time,
                mark=listing.generated,
            )
            if len(kept) < len(rows):
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
            "created_before": _iso(window),
            "page_size": self._settings.page_size,
        }
        for slug in self._events_since(window, "order"):
            if slug <= done:
                continue
            for listing in self._walk(f"events/{slug}/orders/", params, "order"):
                if listing.next is None:
                    done = slug
                refunds = with_children(listing.results)["order_refund"]
                yield Page(
                    rows={"order": [], "order_refund": refunds},
                    position=_Position(event=done, done=True).text(),
                )

    def _checkins(self, request: Request) -> Iterator[Page]:
        position = _Position.parse(request.position)
        oldest = None
        if request.mark is not None and request.since is not None:
            oldest = request.since - timedelta(days=self._settings.checkin_event_days)
        for slug in self._events_since(oldest, "checkin"):
            if slug < position.event or (slug == position.event and position.done):
                continue
            start = position.since if slug == position.event else _iso(request.since)
            params = {"ordering": "created", "page_size": self._settings.page_size}
            path = f"events/{slug}/checkins/"
            read = self._keyset(path, params, "created_since", "created", start, "checkin")
            for token, reached, listing, rows in read:
                kept = [row for row in rows if _before(row["created"], request.until)]
                yield Page(
                    rows={"checkin": [{**row, "event": slug} for row in kept]},
                    token=f"{slug}:{token}",
                    position=_Position.after(listing, reached, slug),
                    server_time=listing.server_time,
                )
                if len(kept) < len(rows):
                    break

    def _events_since(self, oldest: datetime | None, stream: str) -> list[str]:
        """Slugs in order, of events that have not ended before `oldest` (None: all)."""
        params = {"page_size": self._settings.page_size, "ordering": "slug"}
        slugs = {
            str(event["slug"])
            for listing in self._walk("events/", params, stream)
            for event in listing.results
            if oldest is None or _not_over(event, oldest)
        }
        return sorted(slugs)

    def _keyset(
        self,
        path: str,
        params: Mapping[str, Any],
        since_param: str,
        field: str,
        start: str | None,
        stream: str,
    ) -> Iterator[tuple[str, str | None, Listing, list[Row]]]:
        """(token, value reached, page, rows not seen on the page before), in order of `field`.

        The value reached is None while page numbers are used: such a page can not be resumed after.
        """
        since, seen = start, frozenset[str]()
        token = f"{field}>={since or ''}"
        listing = self._client.list(path, _given(params, since_param, since), stream)
        while True:
            fresh = [row for row in listing.results if _key(row, field) not in seen]
            last = str(listing.results[-1][field]) if listing.results else since
            yield token, last if last != since else None, listing, fresh
            link = listing.next
            if link is None:
                return
            seen = frozenset(_key(row, field) for row in listing.results)
            if last is not None and last != since:
                since, token = last, f"{field}>={last}"
                listing = self._client.list(path, _given(params, since_param, since), stream)
            else:
                # A whole page with one and the same value: only page numbers lead through it.
                token = link
                listing = self._client.follow(link, stream)

    def _walk(self, path: str, params: Mapping[str, Any], stream: str) -> Iterator[Listing]:
        listing = self._client.list(path, params, stream)
        yield listing
        while listing.next is not None:
            listing = self._client.follow(listing.next, stream)
            yield listing


def _given(params: Mapping[str, Any], name: str, since: str | None) -> Mapping[str, Any]:
    return {**params, name: since} if since else params


def _key(row: Row, field: str) -> str:
    return f"{row.get('code', row.get('id'))}@{row[field]}"


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None


def _before(text: Any, until: datetime | None) -> bool:
    moment = _moment(text)
    return until is None or moment is None or moment < until


def _not_over(event: Row, oldest: datetime) -> bool:
    """Whether the event ended at `oldest` or later; a series, or one without dates, never ends."""
    ended = _moment(event.get("date_to") or event.get("date_from"))
    return bool(event.get("has_subevents")) or ended is None or ended >= oldest
