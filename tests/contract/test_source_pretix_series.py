"""pretix's series, products, vouchers and memberships: what is read, when, and what stays there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sites import site
from test_source_pretix import KEY, Shop, z
from vendors import NOW

from connectors.errors import NotPermitted
from connectors.testing.fakes.pretix import PretixFake
from connectors.testing.faults import Faults

ALL = {**KEY, "read_vouchers": True, "read_memberships": True}
ROOT = "/api/v1/organizers/example/"


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def shop(tmp_path: Path, faults: Faults) -> Iterator[Shop]:
    with site("pretix", tmp_path, PretixFake, faults) as vendor:
        made = Shop(vendor)
        made.event("course", NOW + timedelta(days=60))
        yield made


def evening(shop: Shop, id: int, modified: Any, **more: Any) -> None:
    start = z(NOW + timedelta(days=id))
    body = {"id": id, "event": "course", "name": {"en": f"Evening {id}"}, "date_from": start}
    shop.vendor.put(
        "subevent", str(id), id, {**body, "last_modified": z(modified), **more}, parent="course"
    )


def below(shop: Shop, entity: str, id: int, event: str, **body: Any) -> None:
    shop.vendor.put(entity, str(id), id, {"id": id, **body}, parent=event)


def test_only_changed_dates_are_read_again(shop: Shop) -> None:
    for number in range(1, 6):
        evening(shop, number, NOW - timedelta(days=10 * number))
    source = shop.vendor.source(**KEY, page_size=2)
    _, loaded = shop.lake.pull(source, "subevent")["subevent"]
    assert loaded.mark == z(NOW), "X-Page-Generated of the first page"
    evening(shop, 5, NOW + timedelta(seconds=5), date_from=z(NOW))
    receipt, loaded = shop.lake.pull(source, "subevent")["subevent"]
    assert receipt.rows["subevent"] == 1
    assert loaded.updated["subevent"] == 1
    rows = shop.lake.rows(source, "subevent", ["id", "event", "date_from"])
    assert rows[4]["date_from"] == NOW.replace(tzinfo=None)
    assert {row["event"] for row in rows} == {"course"}


def test_a_date_that_moves_while_paging_is_met_again(shop: Shop, faults: Faults) -> None:
    for number in range(1, 8):
        evening(shop, number, NOW - timedelta(hours=20 - number))
    faults.on("/subevents/").nth(2).drift(
        lambda: [evening(shop, n, NOW + timedelta(seconds=n), active=False) for n in (1, 2)]
    )
    source = shop.vendor.source(**KEY, page_size=2)
    shop.lake.pull(source, "subevent")
    rows = shop.lake.rows(source, "subevent", ["id", "active"])
    assert [row["id"] for row in rows] == list(range(1, 8))
    assert [row["id"] for row in rows if not row["active"]] == [1, 2]


def test_a_deleted_date_is_found_by_its_missing_id(shop: Shop) -> None:
    for number in (1, 2):
        evening(shop, number, NOW)
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "subevent")
    shop.vendor.store.delete("pretix", "subevent", "1")
    shop.lake.pull(source, "subevent", reconcile="always")
    assert [row["id"] for row in shop.lake.rows(source, "subevent", ["id"])] == [2]


def test_texts_and_codes_stay_with_pretix(shop: Shop) -> None:
    evening(shop, 1, NOW)
    below(shop, "item", 1, "course", name={"en": "Ticket"}, description={"en": "DESCRIPTION"})
    below(shop, "voucher", 1, "course", tag="press", code="CODE", comment="FOR ANNA", redeemed=1)
    member = {"customer": "ABC", "membership_type": 1, "date_start": z(NOW), "date_end": z(NOW)}
    shop.vendor.put("membership", "1", 1, {"id": 1, **member})
    shop.vendor.put("membershiptype", "1", 1, {"id": 1, "name": {"en": "Season"}})
    source = shop.vendor.source(**ALL)
    names = ("subevent", "item", "voucher", "membership", "membership_type")
    shop.lake.pull(source, *names)
    landed = {name: shop.lake.rows(source, name) for name in names}
    assert all(len(rows) == 1 for rows in landed.values())
    for word in ("Come all", "Internal words", "DESCRIPTION", "CODE", "FOR ANNA", "Anna Example"):
        assert word not in repr(landed)
    assert landed["voucher"][0]["tag"] == "press"
    assert landed["voucher"][0]["redeemed"] == 1
    assert landed["membership"][0]["customer"] == "ABC"


def test_products_tell_tickets_from_the_rest(shop: Shop) -> None:
    shirt = {"name": {"en": "Shirt"}, "admission": False, "default_price": "15.00"}
    sizes = [{"id": 7, "value": {"en": "Large"}, "description": {"en": "Wide"}}]
    below(shop, "item", 2, "course", **shirt, variations=sizes)
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "item")
    (row,) = shop.lake.rows(source, "item")
    assert (row["event"], row["admission"]) == ("course", False)
    assert row["default_price"] == Decimal("15.0000")
    assert "Large" in row["variations"]
    assert "Wide" not in row["variations"]


def test_products_of_events_long_over_are_not_asked_for_again(shop: Shop) -> None:
    shop.event("old", NOW - timedelta(days=2_000))
    below(shop, "item", 1, "old", name={"en": "Ticket"})
    below(shop, "item", 2, "course", name={"en": "Ticket"})
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "item")
    shop.lake.pull(source, "item")
    assert len(shop.vendor.asked(f"{ROOT}events/old/items/")) == 1
    assert len(shop.lake.rows(source, "item")) == 2
    shop.vendor.store.delete("pretix", "item", "2")
    shop.lake.pull(source, "item", reconcile="always")
    assert [row["id"] for row in shop.lake.rows(source, "item", ["id"])] == [1]


def test_more_rights_are_needed_only_for_what_is_asked_for(tmp_path: Path) -> None:
    refused = ["vouchers", "memberships", "membershiptypes"]
    with site("pretix", tmp_path, lambda store: PretixFake(store, forbidden=refused)) as vendor:
        shop = Shop(vendor)
        shop.event("course", NOW)
        plain = vendor.source(**KEY)
        assert not {"voucher", "membership", "membership_type"} & {s.name for s in plain.streams()}
        assert all(item.ok for item in plain.check())
        source = vendor.source(**ALL)
        said = {item.name: item for item in source.check()}
        assert [name for name, item in said.items() if not item.ok] == [
            "voucher",
            "membership_type",
            "membership",
        ]
        assert "view vouchers" in said["voucher"].detail
        assert "view customers" in said["membership"].detail
        with pytest.raises(NotPermitted, match="settings"):
            shop.lake.extract(source, "membership_type")


def test_check_says_how_dates_and_products_are_read(shop: Shop) -> None:
    said = {item.name: item.detail for item in shop.vendor.source(**KEY).check()}
    assert "incremental by modified_since, mark from X-Page-Generated" in said["subevent"]
    assert "read per event" in said["item"]


def test_a_ticket_names_its_date_and_voucher(shop: Shop) -> None:
    ticket = {"id": 1, "positionid": 1, "price": "30.00", "subevent": 4, "voucher": 9, "item": 2}
    shop.order("A1", NOW, event="course", positions=[ticket])
    source = shop.vendor.source(**KEY)
    shop.lake.pull(source, "order")
    rows = shop.lake.rows(source, "order_position", ["subevent", "voucher", "item"])
    assert rows == [{"subevent": 4, "voucher": 9, "item": 2}]
