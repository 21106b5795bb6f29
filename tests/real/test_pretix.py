"""The pretix connector against a real pretix: first read, then only what changed.

Run by `make test-real`. Installs pretix from PyPI into its own environment the first time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import SourceContext, build_source
from connectors.sources.pretix.source import PretixSource

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "contract"))
from lake import Lake
from pretix_server import ORGANIZER, RealPretix, running

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def pretix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPretix]:
    with running(tmp_path_factory.mktemp("pretix")) as server:
        yield server


class Reader:
    """The connector with small pages, and a lake to read into."""

    def __init__(self, pretix: RealPretix, folder: Path, **settings: Any) -> None:
        wanted = {
            "base_url": pretix.url,
            "organizer": ORGANIZER,
            "api_token": pretix.token,
            "page_size": 2,
            **settings,
        }
        built = build_source("pretix", "pretix", wanted, SourceContext(folder / "state"))
        assert isinstance(built, PretixSource)
        self.source, self.lake = built, Lake(folder)

    def pull(self) -> dict[str, Any]:
        return self.lake.pull(self.source)

    def rows(self, stream: str, *columns: str) -> list[tuple[Any, ...]]:
        found = self.lake.rows(self.source, stream, columns)
        return sorted((tuple(row.values()) for row in found), key=repr)


def test_the_first_read_and_what_changed_since(pretix: RealPretix, tmp_path: Path) -> None:
    made = pretix.event("congress")
    orders = [pretix.order("congress", made["item"], f"p{n}@example.org") for n in range(4)]
    pending = pretix.order("congress", made["item"], "later@example.org", status="n")
    first, second, third, _ = (order["code"] for order in orders)
    reader = Reader(pretix, tmp_path)
    assert all(item.ok for item in reader.source.check()), reader.source.check()

    reader.pull()
    assert ("congress", "EUR") in reader.rows("event", "slug", "currency")
    wanted = sorted([(order["code"], "p") for order in orders] + [(pending["code"], "n")])
    assert reader.rows("order", "code", "status") == wanted
    positions = reader.rows("order_position", "order", "price", "attendee_email_key", "canceled")
    assert (first, Decimal("30.0000"), "p0@example.org", False) in positions
    assert len(positions) == 5
    paid = reader.rows("order_payment", "order", "state", "amount")
    assert (first, "confirmed", Decimal("30.0000")) in paid
    assert reader.rows("order_refund", "order") == []
    assert reader.rows("checkin", "id") == []

    secret = orders[0]["positions"][0]["secret"]
    scan = {"secret": secret, "lists": [made["list"]]}
    pretix.call("POST", "checkinrpc/redeem/", scan)
    pretix.call("POST", f"events/congress/orders/{second}/mark_canceled/", {"send_email": False})
    before = pretix.last_modified("congress", third)
    pretix.refund("congress", third, "10.00")
    assert pretix.last_modified("congress", third) == before, "pretix changed: simplify the source"
    new = pretix.order("congress", made["item"], "new@example.org")["code"]

    done = reader.pull()
    statuses = dict(reader.rows("order", "code", "status"))
    assert statuses[second] == "c"
    assert statuses[new] == "p"
    assert reader.rows("order_refund", "order", "state", "amount", "event") == [
        (third, "done", Decimal("10.0000"), "congress")
    ]
    assert reader.rows("checkin", "event", "type", "successful") == [("congress", "entry", True)]
    loaded = done["order"][1]
    assert loaded.inserted["order"] == 1
    assert loaded.inserted["order_refund"] == 1

    again = reader.pull()
    for stream, (_, receipt) in again.items():
        changed = {**receipt.inserted, **receipt.updated, **receipt.deleted}
        assert not any(changed.values()), (stream, changed)


def test_a_refund_of_an_order_older_than_the_window(pretix: RealPretix, tmp_path: Path) -> None:
    made = pretix.event("gala")
    code = pretix.order("gala", made["item"], "anna@example.org")["code"]
    reader = Reader(pretix, tmp_path, refund_window_days=0)
    reader.pull()
    pretix.refund("gala", code, "30.00")

    done = reader.pull()
    assert (code, "done") in reader.rows("order_refund", "order", "state")
    assert done["order"][0].rows["order"] <= 1, "orders were read again, though the window is zero"


def test_dates_of_a_series_and_what_changed_since(pretix: RealPretix, tmp_path: Path) -> None:
    made = pretix.series("course")
    first, second = made["first"], made["second"]
    order = pretix.order("course", made["ticket"], "anna@example.org", subevent=first)
    voucher = {"code": "SECRET-CODE", "max_usages": 2, "tag": "press", "comment": "For Anna"}
    pretix.call("POST", "events/course/vouchers/", {**voucher, "item": made["ticket"]})
    kind = pretix.call("POST", "membershiptypes/", {"name": {"en": "Season"}})
    reader = Reader(pretix, tmp_path, read_vouchers=True, read_memberships=True)
    said = {item.name: item for item in reader.source.check()}
    assert all(item.ok for item in said.values()), said
    assert "X-Page-Generated" in said["subevent"].detail

    reader.pull()
    assert reader.rows("subevent", "id", "event") == [(first, "course"), (second, "course")]
    assert (order["code"], first) in reader.rows("order_position", "order", "subevent")
    items = dict(reader.rows("item", "id", "admission"))
    assert (items[made["ticket"]], items[made["shirt"]]) == (True, False)
    assert reader.rows("voucher", "tag", "max_usages", "redeemed") == [("press", 2, 0)]
    assert (kind["id"],) in reader.rows("membership_type", "id")
    landed = repr([reader.lake.rows(reader.source, name) for name in ("voucher", "subevent")])
    assert "SECRET-CODE" not in landed
    assert "For Anna" not in landed
    assert "Come" not in landed

    later = {"date_from": "2035-05-16T18:00:00Z"}
    pretix.call("PATCH", f"events/course/subevents/{second}/", later)
    done = reader.pull()["subevent"][1]
    assert done.updated["subevent"] == 1
    moved = dict(reader.rows("subevent", "id", "date_from"))
    assert moved[second].isoformat() == "2035-05-16T18:00:00"

    pretix.call("DELETE", f"events/course/subevents/{second}/")
    reader.lake.pull(reader.source, "subevent", reconcile="always")
    assert reader.rows("subevent", "id") == [(first,)]


def test_no_secret_of_an_order_is_landed(pretix: RealPretix, tmp_path: Path) -> None:
    made = pretix.event("workshop")
    order = pretix.order("workshop", made["item"], "anna@example.org")
    reader = Reader(pretix, tmp_path)
    reader.pull()
    landed = "".join(
        repr(row)
        for stream in ("order", "order_position", "order_payment")
        for row in reader.lake.rows(reader.source, stream)
    )
    assert order["code"] in landed
    assert order["secret"] not in landed
    assert order["positions"][0]["secret"] not in landed


def test_a_wrong_token_is_said_in_plain_words(pretix: RealPretix, tmp_path: Path) -> None:
    reader = Reader(pretix, tmp_path, api_token="not-the-token")
    items = reader.source.check()
    assert [item.ok for item in items] == [False]
    assert "token" in items[0].detail
    assert "not-the-token" not in items[0].detail
