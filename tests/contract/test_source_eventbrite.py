"""Eventbrite's own traps: dying tokens, flags and minor units, an allowance, what never lands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sites import VendorSite, site
from vendors import NOW, z

from connectors.errors import (
    AuthenticationError,
    NotPermitted,
    QuotaExhausted,
    RetryableError,
    SourceError,
)
from connectors.protocol import Request
from connectors.sources.eventbrite.client import LIMIT, vendor_error
from connectors.testing.conformance_tools import Crash, crash_at
from connectors.testing.fakes.eventbrite import EventbriteFake
from connectors.testing.fakes.eventbrite_records import money, when
from connectors.testing.faults import Faults

TOKEN = "sandbox-eventbrite-token"
KEY = {"private_token": TOKEN, "organization_id": "4711"}
ORDERS = "/v3/organizations/4711/orders/"


class Society:
    """An organization with events, orders and attendees."""

    def __init__(self, vendor: VendorSite, fake: EventbriteFake) -> None:
        self.vendor, self.lake, self.fake = vendor, vendor.lake, fake

    def event(self, id: str, **more: Any) -> None:
        body = {
            "id": id,
            "name": "Congress",
            "status": "live",
            "start": when("2026-05-01T08:00:00Z"),
        }
        body |= {"end": when("2026-05-01T16:00:00Z"), "created": z(NOW), "changed": z(NOW)}
        self.vendor.put("event", id, int(id), {**body, **more})

    def order(self, id: str, changed: datetime, **more: Any) -> None:
        body = {"id": id, "event_id": "1", "status": "placed", "email": "anna@example.org"}
        body |= {"name": "Anna Example", "created": z(changed), "changed": z(changed)}
        self.vendor.put("order", id, int(id), {**body, **more})

    def attendee(self, id: str, **more: Any) -> None:
        body = {"id": id, "event_id": "1", "order_id": "10", "created": z(NOW), "changed": z(NOW)}
        self.vendor.put("attendee", id, int(id), {**body, **more})

    def later(self, minutes: float) -> None:
        store = self.vendor.store
        store.set_now(store.now() + timedelta(minutes=minutes))


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def society(tmp_path: Path, faults: Faults) -> Iterator[Society]:
    made: list[EventbriteFake] = []

    def app(store: Any) -> EventbriteFake:
        made.append(
            EventbriteFake(store, page_size=3, token_minutes=20, member_of=("4711", "4712"))
        )
        return made[0]

    with site("eventbrite", tmp_path, app, faults) as vendor:
        yield Society(vendor, made[0])


def test_changed_since_is_sent_with_the_lookback(society: Society) -> None:
    society.order("10", NOW - timedelta(days=3))
    source = society.vendor.source(**KEY)
    society.lake.pull(source, "order")
    society.order("11", NOW - timedelta(days=3, minutes=5))
    society.order("12", NOW - timedelta(days=9))
    receipt, _ = society.lake.pull(source, "order")["order"]
    first, second = society.vendor.asked(ORDERS)
    assert first.query == ()
    wanted = (NOW - timedelta(days=3, minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert second.query == (("changed_since", wanted),)
    assert receipt.rows["order"] == 2


def test_a_token_that_dies_while_reading_begins_the_list_anew(
    society: Society, faults: Faults
) -> None:
    for number in range(10, 18):
        society.order(str(number), NOW)
    faults.on("/orders/").nth(3).drift(lambda: society.later(21))
    source = society.vendor.source(**KEY)
    society.lake.pull(source, "order")
    assert len(society.lake.rows(source, "order")) == 8
    assert len(society.vendor.asked(ORDERS)) == 3 + 3, "two pages, a refusal, three pages"


def test_a_token_that_died_since_the_crash_makes_the_slice_be_read_again(society: Society) -> None:
    for number in range(10, 18):
        society.order(str(number), NOW)
    source = society.vendor.source(**KEY)
    with pytest.raises(Crash):
        society.lake.extract(source, "order", progress=crash_at(2))
    society.later(21)
    receipt, _ = society.lake.pull(source, "order")["order"]
    assert len(society.lake.rows(source, "order")) == 8
    assert receipt.rows["order"] == 8


def test_more_without_a_token_is_an_error(society: Society, faults: Faults) -> None:
    broken = {"pagination": {"has_more_items": True, "object_count": 9}, "orders": []}
    faults.on("/orders/").every().status(200, broken)
    with pytest.raises(SourceError, match="not where"):
        society.lake.extract(society.vendor.source(**KEY), "order")


def test_events_are_read_in_full_and_a_missing_one_is_buried(society: Society) -> None:
    for id in ("1", "2"):
        society.event(id)
    source = society.vendor.source(**KEY)
    society.lake.pull(source, "event", reconcile="auto")
    society.vendor.store.delete("eventbrite", "event", "2")
    _, loaded = society.lake.pull(source, "event", reconcile="auto")["event"]
    assert (loaded.unchanged["event"], loaded.deleted["event"]) == (1, 1)
    asked = dict(society.vendor.asked("/v3/organizations/4711/events/")[0].query)
    assert (asked["status"], asked["order_by"]) == ("all", "created_asc")
    (row,) = society.lake.rows(source, "event", ["name", "starts_at", "timezone"])
    assert row["name"] == "Congress"
    assert str(row["starts_at"]) == "2026-05-01 08:00:00"
    assert row["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(("currency", "value"), [("EUR", 2599), ("JPY", 3000)])
def test_money_is_taken_in_minor_units(society: Society, currency: str, value: int) -> None:
    society.order("10", NOW, costs={"gross": money(value, currency), "tax": money(99, currency)})
    source = society.vendor.source(**KEY)
    society.lake.pull(source, "order")
    (row,) = society.lake.rows(source, "order", ["gross", "tax", "currency"])
    assert row == {"gross": value, "tax": 99, "currency": currency}


def test_attendees_keep_flags_and_scans_and_nothing_that_opens_a_door(society: Society) -> None:
    scan = {"status": "used", "changed": "2026-05-01T08:05:00Z"}
    profile = {"name": "Anna Example", "email": "ANNA@example.org", "cell_phone": "030 123456"}
    society.attendee("20", profile=profile, checked_in=True, barcodes=[scan])
    society.attendee("21", cancelled=True, refunded=True)
    source = society.vendor.source(**KEY)
    society.lake.pull(source, "attendee")
    first, second = society.lake.rows(source, "attendee")
    assert (first["checked_in"], first["cancelled"], first["refunded"]) == (True, False, False)
    assert (second["checked_in"], second["cancelled"], second["refunded"]) == (False, True, True)
    assert (first["email_key"], first["phone_e164"]) == ("anna@example.org", "+4930123456")
    assert "2026-05-01T08:05:00Z" in first["barcodes"]
    assert first["_extra"] is None
    landed = repr((first, second))
    for word in ("1020001", "nobody needs", "Example Street", "1980", "addresses", "answers"):
        assert word not in landed


def test_events_leave_their_password_and_texts_behind(society: Society) -> None:
    society.event("1")
    source = society.vendor.source(**KEY)
    society.lake.pull(source, "event")
    landed = repr(society.lake.rows(source, "event"))
    assert "Congress" in landed
    for word in ("event-password", "nobody needs", "eventbrite.com/e/"):
        assert word not in landed


def test_a_slice_ends_where_it_was_told_to(society: Society) -> None:
    for number, days in ((10, 5), (11, 3), (12, 1)):
        society.order(str(number), NOW - timedelta(days=days))
    source = society.vendor.source(**KEY)
    wanted = Request("order", since=NOW - timedelta(days=6), until=NOW - timedelta(days=2))
    pages = list(source.pages(wanted))
    assert [row["id"] for page in pages for row in page.rows["order"]] == ["10", "11"]


def test_a_used_up_allowance_is_no_throttling(society: Society, faults: Faults) -> None:
    society.order("10", NOW)
    body = {"status_code": 429, "error": "HIT_RATE_LIMIT", "error_description": ""}
    faults.on("/orders/").every().rate_limited(form="none", body=body)
    before = datetime.now(UTC)
    with pytest.raises(QuotaExhausted, match="hourly allowance") as caught:
        society.lake.extract(society.vendor.source(**KEY), "order")
    assert timedelta(minutes=59) < caught.value.until - before < timedelta(minutes=61)
    assert (caught.value.source, caught.value.stream) == ("eventbrite", "order")


def test_the_limits_never_allow_more_than_an_hours_calls() -> None:
    assert LIMIT.per_second is not None
    assert LIMIT.burst + LIMIT.per_second * 3600 <= 2000
    assert LIMIT.per_day == 48_000


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "INVALID_AUTH", AuthenticationError),
        (401, "NO_AUTH", AuthenticationError),
        (403, "NOT_AUTHORIZED", NotPermitted),
        (500, "INTERNAL_ERROR", RetryableError),
        (404, "NOT_FOUND", SourceError),
        (400, "ARGUMENTS_ERROR", SourceError),
        (400, "Anna Example", SourceError),
    ],
)
def test_error_constants_say_what_to_do(status: int, code: str, kind: type) -> None:
    body = {"status_code": status, "error": code, "error_description": "about Anna Example"}
    error = vendor_error(status, body)
    assert type(error) is kind
    assert "Anna" not in str(error)
    assert vendor_error(200, {"error": "a field of that name"}) is None


def test_refusals_in_plain_words(society: Society) -> None:
    wrong = society.vendor.source(private_token="not-the-token", organization_id="4711")
    with pytest.raises(AuthenticationError, match="private token") as caught:
        society.lake.extract(wrong, "order")
    assert "not-the-token" not in str(caught.value)
    assert [item.ok for item in wrong.check()] == [False]
    elsewhere = society.vendor.source(private_token=TOKEN, organization_id="9999")
    with pytest.raises(NotPermitted, match="member of the organization"):
        society.lake.extract(elsewhere, "order")
    (item,) = elsewhere.check()
    assert not item.ok
    assert "it sees 4711, 4712" in item.detail


def test_check_says_the_cursor_of_every_list(society: Society) -> None:
    society.order("10", NOW)
    said = {item.name: item.detail for item in society.vendor.source(**KEY).check()}
    assert "1 orders; incremental by changed_since" in said["order"]
    assert "changed_since" in said["attendee"]
    assert "in full" in said["event"]
