"""Action Network's own traps: pages without order, links to nowhere, ids in lists, small pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sites import VendorSite, site
from vendors import NOW, z

from connectors.errors import LoopError, NotPermitted, ShortReadError, SourceError
from connectors.protocol import Request
from connectors.sources.actionnetwork.client import Listing, limit_of
from connectors.sources.actionnetwork.windows import windows
from connectors.testing.fakes.actionnetwork import ActionNetworkFake
from connectors.testing.faults import Faults

KEY = {"api_token": "sandbox-action-key", "page_size": 4}
PEOPLE = "/api/v2/people"


class Group:
    """A group whose records can be changed."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake = vendor, vendor.lake

    def put(self, entity: str, id: str, at: datetime, parent: str = "", **more: Any) -> None:
        dates = {"created_date": z(at), "modified_date": z(at)}
        body = {"identifiers": [f"action_network:{id}"], **dates, **more}
        self.vendor.put(entity, id, 1, body, parent)

    def ids(self, source: Any, stream: str) -> list[str]:
        return [row["id"] for row in self.lake.rows(source, stream, ["id"])]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def group(tmp_path: Path, faults: Faults) -> Iterator[Group]:
    with site("actionnetwork", tmp_path, ActionNetworkFake, faults) as vendor:
        yield Group(vendor)


def test_a_person_changed_while_reading_hides_no_other(group: Group, faults: Faults) -> None:
    for number in range(30):
        group.put("person", f"p{number:02d}", NOW - timedelta(hours=number))
    # Whatever page comes fifth: people of pages before it leave their place.
    faults.on(r"/people\?").nth(5).drift(
        lambda: [group.put("person", f"p{n:02d}", NOW + timedelta(minutes=n)) for n in range(9)]
    )
    source = group.vendor.source(**KEY)
    group.lake.pull(source, "person")
    assert group.ids(source, "person") == [f"p{number:02d}" for number in range(30)]
    assert {request.param("page") for request in group.vendor.asked(PEOPLE)} == {"1"}


def test_more_people_in_one_second_than_fit_on_a_page(group: Group, faults: Faults) -> None:
    for number in range(11):
        group.put("person", f"p{number:02d}", NOW)
    group.put("person", "q", NOW - timedelta(days=900))
    # The first person of page one leaves, so that one of page two is never on a page of this pass.
    faults.on(r"[?&]page=2").nth(1).drift(
        lambda: [group.put("person", f"p{n:02d}", NOW + timedelta(days=1)) for n in range(4)]
    )
    source = group.vendor.source(**KEY)
    group.lake.pull(source, "person")
    assert group.ids(source, "person") == [*(f"p{number:02d}" for number in range(11)), "q"]


def test_a_second_that_never_rests_is_an_error() -> None:
    numbers = iter(range(10_000))

    def fetch(page: int, where: str) -> Listing:
        rows = [{"identifiers": [f"action_network:{next(numbers)}"]} for _ in range(4)]
        return Listing(rows, has_next=page < 3)

    with pytest.raises(ShortReadError, match="one second"):
        list(windows(fetch, NOW, NOW + timedelta(seconds=1), NOW, 4))


@pytest.mark.parametrize("off", [timedelta(days=-1), timedelta(days=1)])
def test_a_service_that_does_not_filter_is_found_out(off: timedelta) -> None:
    row = {"identifiers": ["action_network:1"], "modified_date": z(NOW + off)}

    def fetch(page: int, where: str) -> Listing:
        return Listing([row], has_next=False)

    with pytest.raises(LoopError, match="outside the time"):
        list(windows(fetch, NOW, NOW + timedelta(seconds=60), NOW, 4))


def test_a_quiet_list_costs_few_requests(group: Group) -> None:
    group.put("person", "p1", NOW)
    source = group.vendor.source(**KEY)
    group.lake.pull(source, "person")
    assert len(group.vendor.asked(PEOPLE)) == 1, "the next link of the last page leads nowhere"
    group.lake.pull(source, "person")
    assert len(group.vendor.asked(PEOPLE)) == 2


def test_a_full_read_goes_on_after_the_window_it_had(group: Group) -> None:
    for number in range(20):
        group.put("person", f"p{number:02d}", NOW - timedelta(days=number))
    source = group.vendor.source(**KEY)
    pages = list(source.pages(Request("person", full=True)))
    seen = [row["id"] for page in pages for row in page.rows["person"]]
    for number, page in enumerate(pages):
        rest = source.pages(Request("person", full=True, position=page.position))
        before = [row["id"] for done in pages[: number + 1] for row in done.rows["person"]]
        assert {*before, *(row["id"] for later in rest for row in later.rows["person"])} == {*seen}
    assert [list(source.pages(Request("person", position=pages[-1].position)))] == [[]]


def test_people_by_their_primary_address_and_own_id(group: Group) -> None:
    emails = [
        {"address": "old@example.org", "status": "bouncing"},
        {"primary": True, "address": "Anna@Example.org", "status": "subscribed"},
    ]
    more = {
        "identifiers": ["crm:77", "action_network:p1"],
        "email_addresses": emails,
        "phone_numbers": [{"primary": True, "number": "12025550100", "status": "unsubscribed"}],
        "postal_addresses": [{"address_lines": ["Example 1"], "postal_code": "20009"}],
        "custom_fields": {"Member No": "M 1", "diet": "FREETEXT"},
    }
    group.put("person", "p1", NOW, **more)
    group.put("person", "p2", NOW, identifiers=[], _links={"self": {"href": "/x/people/p2"}})
    settings = {"custom_fields": {"member_number": "Member No"}}
    source = group.vendor.source(**KEY, **settings, foreign_systems={"crm": "civicrm"})
    group.lake.pull(source, "person")
    columns = ("id", "email_key", "email_status", "phone_e164", "foreign_id", "member_number")
    rows = [tuple(row.values()) for row in group.lake.rows(source, "person", columns)]
    first = ("p1", "anna@example.org", "subscribed", "+12025550100", "77", "M 1")
    assert rows == [first, ("p2", None, None, None, None, None)]
    assert "FREETEXT" not in repr([page.rows for page in source.pages(Request("person"))])


def test_a_record_without_any_id_is_an_error(group: Group) -> None:
    group.put("event", "e1", NOW, identifiers=["free_events:1"])
    with pytest.raises(SourceError, match="identifier"):
        group.lake.extract(group.vendor.source(**KEY), "event")


def test_donations_are_decimal_text(group: Group) -> None:
    extra = {
        "amount": "20.01",
        "currency": "USD",
        "payment": {"method": "Credit Card"},
        "action_network:recurrence": {"recurring": True, "period": "Monthly"},
        "action_network:person_id": "p1",
        "recipients": [{"display_name": "FREETEXT", "amount": "20.01"}],
    }
    group.put("donation", "d1", NOW, **extra)
    source = group.vendor.source(**KEY)
    group.lake.pull(source, "donation")
    columns = ("amount", "currency", "method", "is_recurring", "person_id")
    (row,) = group.lake.rows(source, "donation", columns)
    assert tuple(row.values()) == (Decimal("20.01"), "USD", "Credit Card", True, "p1")
    assert "FREETEXT" not in repr([page.rows for page in source.pages(Request("donation"))])


@pytest.mark.parametrize(
    ("stream", "parents"),
    [("signature", "petition"), ("submission", "form"), ("outreach", "advocacy_campaign")],
)
def test_actions_below_what_they_were_taken_on(group: Group, stream: str, parents: str) -> None:
    for number in range(6):
        group.put(parents, f"x{number}", NOW)
        group.put(stream, f"a{number}", NOW, f"x{number}", comments="FREETEXT", message="FREETEXT")
    person = {"osdi:person": {"href": "https://actionnetwork.org/api/v2/people/p9"}}
    group.put(stream, "a0", NOW, "x0", **{"action:person_id": "p8"})
    group.put(stream, "a1", NOW, "x1", _links=person)
    source = group.vendor.source(**KEY)
    group.lake.pull(source, stream)
    rows = group.lake.rows(source, stream, ["id", "parent_id", "person_id"])
    assert [(row["id"], row["parent_id"]) for row in rows] == [(f"a{n}", f"x{n}") for n in range(6)]
    assert [row["person_id"] for row in rows[:2]] == ["p8", "p9"]
    assert "FREETEXT" not in repr([page.rows for page in source.pages(Request(stream))])


def test_an_event_changed_while_events_are_listed_hides_no_other(
    group: Group, faults: Faults
) -> None:
    for number in range(12):
        at = NOW - timedelta(days=number)
        group.put("event", f"e{number:02d}", at)
        group.put("attendance", f"a{number:02d}", at, f"e{number:02d}")
    # The newest come first: one that becomes the newest pushes another onto a page already read.
    faults.on(r"/events\?").nth(3).drift(
        lambda: group.put("event", "e11", NOW + timedelta(hours=1))
    )
    source = group.vendor.source(**KEY)
    group.lake.pull(source, "attendance")
    assert group.ids(source, "attendance") == [f"a{number:02d}" for number in range(12)]


def test_attendances_of_events_long_over_are_no_longer_asked_for(group: Group) -> None:
    for id, days in (("old", 300), ("new", 10)):
        group.put("event", id, NOW, start_date=z(NOW - timedelta(days=days)))
        group.put("attendance", f"a-{id}", NOW, id)
    source = group.vendor.source(**KEY)
    group.lake.pull(source, "attendance")
    assert group.ids(source, "attendance") == ["a-new", "a-old"]
    group.lake.pull(source, "attendance")
    assert len(group.vendor.asked("/api/v2/events/old/attendances")) == 1
    assert len(group.vendor.asked("/api/v2/events/new/attendances")) == 2


def test_a_wrong_key_in_plain_words(group: Group) -> None:
    wrong = group.vendor.source(api_token="not-the-key")
    with pytest.raises(NotPermitted, match="partner") as caught:
        group.lake.extract(wrong, "person")
    assert "not-the-key" not in str(caught.value)
    assert not any(item.ok for item in wrong.check())


def test_check_says_the_cursors(group: Group) -> None:
    group.put("event", "e1", NOW)
    said = {item.name: item.detail for item in group.vendor.source(**KEY).check()}
    assert said["person"] == "incremental by modified_date"
    assert said["attendance"] == "1 events; incremental by modified_date, event by event"


def test_only_the_hosted_service_limits_requests() -> None:
    assert limit_of("https://actionnetwork.org").per_second == 4
    assert limit_of("https://notactionnetwork.org").per_second is None
