"""Tito as a source: events, and per event registrations, tickets, refunds and check-ins.

Data flow: TitoSource.pages() -> TitoClient -> Page -> engine.

Page numbers shift when a record is changed while paging, so they are never resumed from.
Registrations and tickets are read event by event in order of `updated_at`, and each request starts
anew at the greatest one seen (`gte`, inclusive): a record changed meanwhile moves to the end and is
met again there. Page numbers serve only where more records share one second than fit on a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.errors import JourneyConnectorError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.tito.client import Listing, Row, TitoClient
from connectors.sources.tito.settings import TitoSettings
from connectors.sources.tito.streams import STATES, STREAMS

_SPECS = {spec.name: spec for spec in STREAMS}
_EVENT_LISTS = ("events", "events/past", "events/archived")


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: the event (by slug), the greatest time seen in it, or `done` with it."""

    event: str = ""
    since: str | None = None
    done: bool = False


class TitoSource(ClientSource[TitoClient]):
    """One Tito account. Building it does no I/O."""

    def __init__(self, name: str, settings: TitoSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = TitoClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """Token and its mode, then each stream on the first event."""
        try:
            hello = self._client.hello()
        except JourneyConnectorError as error:
            return [failed("token", error)]
        items = [_token_item(hello, self._settings.account)]
        try:
            events = list(self._events("event"))
        except JourneyConnectorError as error:
            return [*items, failed("event", error)]
        items.append(CheckItem("event", True, f"{len(events)} events; read in full"))
        for stream, words in _CURSORS.items():
            try:
                for event in events[:1]:
                    key = "checkin_lists" if stream == "checkin" else f"{stream}s"
                    self._client.list(f"{event['slug']}/{key}", key, stream)
            except JourneyConnectorError as error:
                items.append(failed(stream, error))
                continue
            items.append(CheckItem(stream, True, words))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice, event by event; resumable after each but those by page number."""
        if request.stream == "event":
            yield from self._event_pages()
            return
        position = _Position.parse(request.position)
        for event in self._events_of(request):
            slug = str(event["slug"])
            if slug < position.event or (slug == position.event and position.done):
                continue
            if request.stream == "refund":
                yield from self._refunds(event)
            elif request.stream == "checkin":
                yield from self._checkins(event)
            else:
                began = position.since if slug == position.event else None
                yield from self._updated(event, request, began or _utc(request.since))

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The ids of all events, in chunks."""
        for _, listing in self._event_lists(stream):
            if listing.rows:
                yield [(row["id"],) for row in listing.rows]

    def _event_pages(self) -> Iterator[Page]:
        for token, listing in self._event_lists("event"):
            rows = [_kept("event", row) for row in listing.rows]
            yield Page({"event": rows}, token=token, server_time=listing.server_time)

    def _event_lists(self, stream: str) -> Iterator[tuple[str, Listing]]:
        for path in _EVENT_LISTS:
            page: int | None = 1
            while page is not None:
                listing = self._client.list(path, "events", stream, page=page)
                yield f"{path}?page={page}", listing
                page = listing.next_page

    def _events(self, stream: str) -> Iterator[Row]:
        for _, listing in self._event_lists(stream):
            yield from listing.rows

    def _events_of(self, request: Request) -> list[Row]:
        """Events by slug; at an incremental read without those long over."""
        oldest: date | None = None
        if request.mark is not None and request.since is not None:
            oldest = (request.since - timedelta(days=self._settings.event_days)).date()
        # An event can move from one list to the next while they are read.
        events = {str(event["slug"]): event for event in self._events(request.stream)}
        return [events[slug] for slug in sorted(events) if _not_over(events[slug], oldest)]

    def _updated(self, event: Row, request: Request, since: str | None) -> Iterator[Page]:
        """Registrations or tickets of one event in order of `updated_at`."""
        stream, slug = request.stream, str(event["slug"])
        number, until = 1, request.until
        while True:
            search: dict[str, Any] = {
                "search[states][]": list(STATES[stream]),
                "search[sort]": "updated_at",
                "search[direction]": "asc",
                **({"search[updated_at][gte]": since} if since else {}),
                **({"search[updated_at][lt]": _utc(until)} if until else {}),
            }
            listing = self._client.list(
                f"{slug}/{stream}s", f"{stream}s", stream, search=search, page=number
            )
            last = _second(listing.rows[-1]["updated_at"]) if listing.rows else since
            done = listing.next_page is None
            moves = last != since
            position = _Position(slug, last, done).text() if done or moves else None
            yield Page(
                rows={stream: [_kept(stream, row, event) for row in listing.rows]},
                token=f"{slug}:{since or ''}#{number}",
                position=position,
                server_time=listing.server_time,
            )
            if listing.next_page is None:
                return
            # A whole page within one second: only page numbers lead through it.
            since, number = (last, 1) if moves else (since, listing.next_page)

    def _refunds(self, event: Row) -> Iterator[Page]:
        slug, page = str(event["slug"]), 1
        while True:
            listing = self._client.list(f"{slug}/refunds", "refunds", "refund", page=page)
            done = listing.next_page is None
            yield Page(
                rows={"refund": [_refund(row, event) for row in listing.rows]},
                token=f"{slug}#{page}",
                position=_Position(slug, done=True).text() if done else None,
                server_time=listing.server_time,
            )
            if listing.next_page is None:
                return
            page = listing.next_page

    def _checkins(self, event: Row) -> Iterator[Page]:
        slug, page = str(event["slug"]), 1
        lists: list[Row] = []
        while True:
            listing = self._client.list(
                f"{slug}/checkin_lists", "checkin_lists", "checkin", page=page
            )
            lists += listing.rows
            if listing.next_page is None:
                break
            page = listing.next_page
        for checkin_list in lists:
            secret, list_id = str(checkin_list["slug"]), checkin_list["id"]
            for number in range(1, self._client.checkin_pages(secret, "checkin") + 1):
                found = self._client.checkins(secret, number, "checkin")
                yield Page(
                    rows={"checkin": [_checkin(row, event, list_id) for row in found.rows]},
                    token=f"{slug}:{list_id}#{number}",
                    server_time=found.server_time,
                )
        yield Page(rows={"checkin": []}, position=_Position(slug, done=True).text())


_CURSORS = {
    "registration": "incremental by updated_at, per event",
    "ticket": "incremental by updated_at, per event",
    "refund": "read in full each time, per event",
    "checkin": "read in full per check-in list, of events not long over",
}


def _token_item(hello: Row, account: str) -> CheckItem:
    """A live token that may read the account."""
    if hello.get("lookup_mode") == "test":
        return CheckItem(
            "token", False, "the token is in test mode and sees test data only. Make a live one."
        )
    accounts = hello.get("accounts")
    if isinstance(accounts, list) and account not in accounts:
        return CheckItem(
            "token", False, f"the token may not read the account {account!r}. Check `account`."
        )
    return CheckItem("token", True, "live mode")


def _kept(stream: str, row: Row, event: Row | None = None) -> Row:
    """The declared columns: no slugs and links that open a ticket, addresses, answers, metadata."""
    own = {"event_id": event["id"]} if event is not None else {}
    found = {**row, **own}
    return {name: _money(found[name]) for name in _SPECS[stream].columns if name in found}


def _refund(row: Row, event: Row) -> Row:
    order: Mapping[str, Any] = row.get("registration") or {}
    own = {"registration_id": order.get("id"), "test_mode": order.get("test_mode")}
    return _kept("refund", {**row, **own}, event)


def _checkin(row: Row, event: Row, list_id: Any) -> Row:
    own = {"checkin_list_id": list_id, "deleted": row.get("deleted_at") is not None}
    return _kept("checkin", {**row, **own}, event)


def _money(value: Any) -> Any:
    """Prices are binary floats of rounded decimals: four places bring back what was meant."""
    return round(value, 4) if isinstance(value, float) else value


def _second(text: Any) -> str | None:
    """An `updated_at` as a filter value: cut to the second, which `gte` includes."""
    return _utc(datetime.fromisoformat(str(text)))


def _utc(moment: datetime | None) -> str | None:
    """A moment as the filters want it; without the word UTC it would be the event's local time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S UTC") if moment else None


def _not_over(event: Row, oldest: date | None) -> bool:
    """Whether the event ended at `oldest` or later; one without dates never ends."""
    ended = event.get("end_date") or event.get("start_date")
    return oldest is None or not ended or date.fromisoformat(str(ended)) >= oldest
