"""Tito's own traps: three lists of events, hidden states, shifting pages, two hosts, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sites import VendorSite, site
from vendors import NOW, z

from connectors.errors import AuthenticationError, SourceError
from connectors.protocol import Request
from connectors.sources.tito.client import limit_of
from connectors.sources.tito.settings import TitoSettings
from connectors.testing.fakes.tito import TitoFake
from connectors.testing.faults import Faults

KEY: dict[str, Any] = {"account": "example", "api_token": "sandbox-tito-token", "page_size": 3}


class Box:
    """An account whose records can be changed."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake = vendor, vendor.lake
        self._numbers: dict[str, int] = {}

    def source(self, **settings: Any) -> Any:
        return self.vendor.source(**{**KEY, "checkin_url": self.vendor.server.url, **settings})

    def event(self, slug: str, days: int = 30, **more: Any) -> None:
        start = (NOW + timedelta(days=days)).date().isoformat()
        body = {"id": 100 + days, "slug": slug, "title": slug, "currency": "EUR", **more}
        self.vendor.put("event", slug, 1, {"start_date": start, "created_at": z(NOW), **body})

    def put(self, entity: str, id: int, at: str = "gala", hours: float = 0, **body: Any) -> None:
        """Store a record of an event (check-ins: of a check-in list), changed hours ago."""
        moment = z(NOW - timedelta(hours=hours))
        stamps = {"created_at": moment, "updated_at": moment, "test_mode": False}
        self.vendor.put(entity, str(id), id, {"id": id, **stamps, **body}, parent=at)

    def ticket(self, id: int, hours: float = 0, at: str = "gala", **more: Any) -> None:
        self.put("ticket", id, at, hours, **{"state": "complete", "price": 90.0, **more})

    def rows(self, source: Any, stream: str, *columns: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.lake.rows(source, stream, columns)]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def box(tmp_path: Path, faults: Faults) -> Iterator[Box]:
    with site("tito", tmp_path, lambda s: TitoFake(s, checkin_page_size=2), faults) as vendor:
        made = Box(vendor)
        made.event("gala")
        yield made


def test_past_and_archived_events_are_read(box: Box) -> None:
    box.event("past", -300)
    box.event("old", -400, archived=True)
    source = box.source()
    box.lake.pull(source, "event")
    assert box.rows(source, "event", "slug") == [("old",), ("past",), ("gala",)]
    assert sorted(key for chunk in source.ids("event") for key in chunk) == [
        (-300,),
        (-200,),
        (130,),
    ]


def test_states_that_lists_hide_are_asked_for(box: Box) -> None:
    box.ticket(1)
    box.ticket(2, state="void", void=True)
    box.ticket(3, release_archived=True)
    box.ticket(4, state="unassigned")
    for id, cancelled in ((1, False), (2, True)):
        box.put("registration", id, cancelled=cancelled, state="complete", total=90.0)
    source = box.source()
    box.lake.pull(source, "ticket", "registration")
    states = box.rows(source, "ticket", "id", "state")
    assert states == [(1, "complete"), (2, "void"), (3, "complete"), (4, "unassigned")]
    assert box.rows(source, "registration", "cancelled") == [(False,), (True,)]


def test_a_ticket_changed_while_paging_shifts_nothing(box: Box, faults: Faults) -> None:
    for number in range(1, 10):
        box.ticket(number, hours=20 - number)
    # The first page's tickets move to the end: with page numbers, 4 to 6 would be skipped.
    faults.on("/tickets").nth(2).drift(
        lambda: [box.ticket(n, hours=-n / 3600, state="void") for n in (1, 2, 3)]
    )
    source = box.source()
    box.lake.pull(source, "ticket")
    states = box.rows(source, "ticket", "id", "state")
    assert [id for id, _ in states] == list(range(1, 10))
    assert [id for id, state in states if state == "void"] == [1, 2, 3]


def test_more_tickets_in_one_second_than_fit_on_a_page(box: Box) -> None:
    for number in range(1, 12):
        box.ticket(number, hours=1 - number / 3_600_000_0)
    box.ticket(12)
    source = box.source()
    box.lake.pull(source, "ticket")
    assert len(box.rows(source, "ticket", "id")) == 12
    positions = [page.position for page in source.pages(Request("ticket"))]
    assert None in positions, "a page reached by its number must not be resumed from"


def test_the_filter_says_utc(box: Box) -> None:
    """Without the word, Tito takes the time for the event's own: an hour of Irish summer."""
    box.ticket(1, hours=5)
    box.ticket(2, hours=0.5)
    source = box.source()
    box.lake.pull(source, "ticket")
    box.ticket(3, hours=0.1)
    receipt, _ = box.lake.pull(source, "ticket")["ticket"]
    asked = box.vendor.asked("/example/gala/tickets")
    query = dict(asked[-1].query)
    assert query["search[updated_at][gte]"].endswith("UTC")
    assert [dict(request.query).get("search[sort]") for request in asked] == ["updated_at"] * 2
    assert receipt.rows["ticket"] == 2, "ten minutes are read again"


def test_a_slice_ends_before_its_end(box: Box) -> None:
    for number in (1, 2, 3):
        box.ticket(number, hours=24 * (4 - number))
    source = box.source()
    day = timedelta(days=1)
    request = Request("ticket", since=NOW - 2 * day, until=NOW - day)
    rows = [row["id"] for page in source.pages(request) for row in page.rows["ticket"]]
    assert rows == [2]


def test_events_long_over_are_no_longer_asked_for(box: Box) -> None:
    box.event("old", -200)
    box.ticket(1)
    box.ticket(2, at="old")
    source = box.source()
    box.lake.pull(source, "ticket")
    box.lake.pull(source, "ticket")
    assert len(box.vendor.asked("/example/old/tickets")) == 1
    assert len(box.vendor.asked("/example/gala/tickets")) == 2
    box.lake.pull(source, "ticket", full=True)
    assert len(box.vendor.asked("/example/old/tickets")) == 2


def test_refunds_money_and_the_events_id(box: Box) -> None:
    order = {"id": 7, "test_mode": False, "billing_address": "secret-street"}
    box.put("refund", 1, amount="-90.0", manual=None, registration=order)
    box.ticket(2, price=0.1 + 0.2)
    source = box.source()
    box.lake.pull(source, "refund", "ticket")
    ((event, order_id, amount),) = box.rows(
        source, "refund", "event_id", "registration_id", "amount"
    )
    assert (event, order_id, str(amount)) == (130, 7, "-90.0000")
    assert str(box.rows(source, "ticket", "price")[0][0]) == "0.3000"


def test_check_ins_come_from_their_own_api_and_can_be_taken_back(box: Box) -> None:
    for id, slug in ((1, "chk_front"), (2, "chk_dinner")):
        box.put("checkin_list", id, slug=slug, title=slug)
    for number in range(1, 4):
        box.put("checkin", number, "chk_front", uuid=f"u{number}", ticket_id=number)
    box.put("checkin", 9, "chk_dinner", uuid="u9", ticket_id=1, deleted_at=z(NOW))
    source = box.source()
    box.lake.pull(source, "checkin")
    found = box.rows(source, "checkin", "uuid", "checkin_list_id", "ticket_id", "event_id")
    assert found == [(f"u{number}", 1, number, 130) for number in (1, 2, 3)]
    (buried,) = box.lake.rows(source, "checkin", ["uuid"], deleted=True)
    assert buried == {"uuid": "u9"}
    for request in box.vendor.server.requests:
        if request.path.startswith("/checkin_lists"):
            assert "authorization" not in request.headers, "the token went to another host"


def test_what_is_never_landed(box: Box) -> None:
    box.ticket(1, name="Anna Example", email="anna@example.org", slug="secret-ticket")
    order = {"name": "Anna Example", "state": "complete", "total": 90.0}
    box.put("registration", 1, **order)
    box.put("checkin_list", 1, slug="secret-list", title="Front")
    box.put("checkin", 1, "secret-list", uuid="u1", ticket_id=1)
    source = box.source()
    landed = ""
    for spec in source.streams():
        landed += repr([page.rows for page in source.pages(Request(spec.name, full=True))])
    assert "Anna Example" in landed
    assert "'u1'" in landed
    assert "secret" not in landed


def test_refusals_in_plain_words(box: Box) -> None:
    wrong = box.source(api_token="not-the-token")
    with pytest.raises(AuthenticationError, match="refused the API token") as caught:
        box.lake.extract(wrong, "event")
    assert "not-the-token" not in str(caught.value)
    assert [item.ok for item in wrong.check()] == [False]
    other = box.source(account="other")
    with pytest.raises(SourceError, match="404"):
        box.lake.extract(other, "event")
    said = other.check()[0]
    assert not said.ok
    assert "'other'" in said.detail


def test_a_token_of_the_test_mode_is_no_use(box: Box) -> None:
    box.vendor.server.app = TitoFake(box.vendor.store, mode="test")
    item = box.source().check()[0]
    assert not item.ok
    assert "test mode" in item.detail


def test_check_says_the_cursors(box: Box) -> None:
    said = {item.name: item.detail for item in box.source().check()}
    assert said["event"].startswith("1 events")
    assert "updated_at" in said["ticket"]
    assert "in full" in said["refund"]
    assert said.keys() == {"token", "event", "registration", "ticket", "refund", "checkin"}


def test_settings_and_limits() -> None:
    with pytest.raises(ValidationError, match="page_size"):
        TitoSettings.model_validate({**KEY, "page_size": 1001})
    assert limit_of("https://api.tito.io/v3").per_second == 2
    assert limit_of("https://checkin.tito.io").per_second == 2
    assert limit_of("https://nottito.io").per_second is None
