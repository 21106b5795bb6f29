"""pretix's own traps: refunds without a trace, page numbers that drift, ties, secrets, limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sites import VendorSite, site
from vendors import NOW

from connectors.errors import AuthenticationError, NotPermitted
from connectors.protocol import Request
from connectors.sources.pretix.client import limit_of
from connectors.testing.fakes.pretix import PretixFake
from connectors.testing.faults import Faults

KEY = {"api_token": "sandbox-pretix-token", "organizer": "example"}


class Shop:
    """An organizer's shop whose records can be changed with or without a trace."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake = vendor, vendor.lake

    def event(self, slug: str, ends: datetime | None) -> None:
        body = {"slug": slug, "name": {"en": slug}, "currency": "EUR", "live": True}
        dates = {"date_from": z(ends or NOW), "date_to": z(ends) if ends else None}
        self.vendor.put("event", slug, 1, {**body, **dates, "has_subevents": False})

    def order(self, code: str, modified: datetime, **more: Any) -> None:
        number = int(code[1:])
        known = self.vendor.store.get("pretix", "order", code)
        body = {
            "code": code,
            "event": "gala",
            "status": "p",
            "testmode": False,
            "email": "anna@example.org",
            "total": "30.00",
            "datetime": z(modified),
            "positions": [{"id": number, "positionid": 1, "price": "30.00", "canceled": False}],
            "payments": [{"local_id": 1, "state": "confirmed", "amount": "30.00"}],
            "refunds": [],
            **(known.body if known else {}),
            "last_modified": z(modified),
            **more,
        }
        self.vendor.put("order", code, number, body)

    def refund_quietly(self, code: str) -> None:
        known = self.vendor.store.get("pretix", "order", code)
        assert known is not None
        refund = {"local_id": 1, "state": "done", "amount": "30.00", "source": "admin"}
        self.vendor.put("order", code, known.sort, {**known.body, "refunds": [refund]})

    def codes(self, source: Any) -> list[str]:
        return [row["code"] for row in self.lake.rows(source, "order", ["code"])]


def z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def shop(tmp_path: Path, faults: Faults) -> Iterator[Shop]:
    with site("pretix", tmp_path, PretixFake, faults) as vendor:
        made = Shop(vendor)
        made.event("gala", NOW + timedelta(days=60))
        yield made


@pytest.mark.parametrize("age", [3, 29, 45, 300])
def test_a_refund_that_does_not_touch_the_order_is_found(shop: Shop, age: int) -> None:
    shop.order("A1", NOW - timedelta(days=age))
    shop.order("A2", NOW - timedelta(minutes=5))
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "order")
    shop.refund_quietly("A1")
    receipt, _ = shop.lake.pull(source, "order")["order"]
    rows = shop.lake.rows(source, "order_refund", ["order", "event", "state"])
    assert rows == [{"order": "A1", "event": "gala", "state": "done"}]
    assert receipt.rows["order"] == (2 if age < 30 else 1), "old orders are not read in full again"


def test_refunds_of_events_long_over_are_no_longer_looked_for(shop: Shop) -> None:
    shop.event("gala", NOW - timedelta(days=31))
    shop.order("A1", NOW - timedelta(days=45))
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "order")
    shop.refund_quietly("A1")
    shop.lake.pull(source, "order")
    assert shop.lake.rows(source, "order_refund") == []
    assert shop.vendor.asked("/api/v1/organizers/example/events/gala/orders/") == []
    shop.lake.pull(source, "order", full=True)
    assert len(shop.lake.rows(source, "order_refund")) == 1


def test_the_mark_is_the_servers_time_of_the_first_page(shop: Shop, faults: Faults) -> None:
    for number in range(1, 8):
        shop.order(f"A{number}", NOW - timedelta(hours=number))
    later = NOW + timedelta(hours=1)
    faults.on("/orders/").nth(2).drift(lambda: shop.vendor.store.set_now(later))
    source = shop.vendor.source(**KEY, page_size=3)
    _, loaded = shop.lake.pull(source, "order")["order"]
    assert loaded.mark is not None
    assert datetime.fromisoformat(loaded.mark) <= NOW


def test_an_order_changed_while_paging_shifts_nothing(shop: Shop, faults: Faults) -> None:
    for number in range(1, 10):
        shop.order(f"A{number}", NOW - timedelta(hours=20 - number))
    # The first page's orders move to the end: with page numbers, A4 to A6 would be skipped.
    faults.on("/orders/").nth(2).drift(
        lambda: [shop.order(f"A{n}", NOW + timedelta(seconds=n), status="c") for n in (1, 2, 3)]
    )
    source = shop.vendor.source(**KEY, page_size=3)
    shop.lake.pull(source, "order")
    assert shop.codes(source) == [f"A{n}" for n in range(1, 10)]
    rows = shop.lake.rows(source, "order", ["code", "status"])
    assert [row["code"] for row in rows if row["status"] == "c"] == ["A1", "A2", "A3"]


def test_more_orders_with_one_time_than_fit_on_a_page(shop: Shop) -> None:
    for number in range(1, 12):
        shop.order(f"A{number}", NOW - timedelta(hours=1))
    shop.order("A12", NOW)
    source = shop.vendor.source(**KEY, page_size=3)
    shop.lake.pull(source, "order")
    assert len(shop.codes(source)) == 12
    positions = [page.position for page in source.pages(Request("order"))]
    assert None in positions, "a page reached by its number must not be resumed from"


def test_cancelled_positions_are_read_and_removed_ones_are_buried(shop: Shop) -> None:
    kept = {"id": 1, "positionid": 1, "price": "30.00", "canceled": True}
    removed = {"id": 2, "positionid": 2, "price": "30.00", "canceled": False}
    shop.order("A1", NOW - timedelta(hours=2), positions=[kept, removed])
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "order")
    rows = shop.lake.rows(source, "order_position", ["id", "order", "event", "canceled"])
    assert rows[0] == {"id": 1, "order": "A1", "event": "gala", "canceled": True}
    shop.order("A1", NOW - timedelta(hours=1), positions=[kept])
    shop.lake.pull(source, "order")
    assert [row["id"] for row in shop.lake.rows(source, "order_position", ["id"])] == [1]


def test_nothing_that_opens_a_door_is_landed(shop: Shop, tmp_path: Path) -> None:
    ticket = {"id": 1, "positionid": 1, "price": "1.00", "secret": "TICKET", "street": "Example 1"}
    payment = {"local_id": 1, "details": {"iban": "IBAN"}, "payment_url": "PAYURL"}
    shop.order("A1", NOW, secret="DOOR", comment="FREETEXT", positions=[ticket], payments=[payment])
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "order")
    (asked,) = shop.vendor.asked("/api/v1/organizers/example/orders/")
    assert {("exclude", "secret"), ("exclude", "invoice_address")} <= set(asked.query)
    landed = repr([shop.lake.rows(source, s) for s in ("order", "order_position", "order_payment")])
    assert "A1" in landed
    for word in ("DOOR", "TICKET", "IBAN", "PAYURL", "FREETEXT", "Example 1", "secret"):
        assert word not in landed


def test_check_ins_are_asked_for_by_event_and_not_of_those_long_over(shop: Shop) -> None:
    shop.event("old", NOW - timedelta(days=200))
    for number, event in ((1, "gala"), (2, "old")):
        scan = {"id": number, "event": event, "position": number, "list": 1, "type": "entry"}
        body = {**scan, "created": z(NOW), "datetime": z(NOW), "successful": True}
        shop.vendor.put("checkin", str(number), number, body, parent=event)
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "checkin")
    rows = shop.lake.rows(source, "checkin", ["id", "event"])
    assert rows == [{"id": 1, "event": "gala"}, {"id": 2, "event": "old"}]
    shop.lake.pull(source, "checkin")
    assert len(shop.vendor.asked("/api/v1/organizers/example/events/old/checkins/")) == 1
    asked = shop.vendor.asked("/api/v1/organizers/example/events/gala/checkins/")
    since = datetime.fromisoformat(dict(asked[-1].query)["created_since"])
    assert since == NOW - timedelta(days=3)


def test_refusals_in_plain_words(shop: Shop) -> None:
    wrong = shop.vendor.source(api_token="not-the-token", organizer="example")
    with pytest.raises(AuthenticationError, match="token") as caught:
        shop.lake.extract(wrong, "order")
    assert "not-the-token" not in str(caught.value)
    elsewhere = shop.vendor.source(api_token="sandbox-pretix-token", organizer="other")
    with pytest.raises(NotPermitted, match="'other'"):
        shop.lake.extract(elsewhere, "order")
    assert [item.ok for item in elsewhere.check()] == [False]


def test_check_says_the_cursor_and_the_window(shop: Shop) -> None:
    shop.order("A1", NOW)
    said = {item.name: item.detail for item in shop.vendor.source(**KEY).check()}
    assert "X-Page-Generated" in said["order"]
    assert "30 days" in said["order"]
    assert "created_since" in said["checkin"]


def test_only_the_hosted_service_limits_requests() -> None:
    assert limit_of("https://pretix.eu").per_second == 6
    assert limit_of("https://shop.pretix.eu").per_second == 6
    assert limit_of("https://tickets.example.org").per_second is None
    assert limit_of("https://notpretix.eu").per_second is None
