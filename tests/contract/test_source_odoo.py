"""Odoo's own traps: two interfaces, `false` for empty, hidden microseconds, archived records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sites import VendorSite, site
from vendors import NOW

from connectors.errors import AuthenticationError, ConfigurationError, NotPermitted, SourceError
from connectors.protocol import Request
from connectors.sources.odoo.client import limit_of
from connectors.sources.odoo.errors import RefusedError, vendor_error
from connectors.sources.odoo.settings import OdooSettings
from connectors.testing.fakes.odoo import OdooFake
from connectors.testing.fakes.odoo_models import EVERYTHING

KEY: dict[str, Any] = {"database": "example", "api_key": "sandbox-odoo-key", "page_size": 3}
LOGIN = {"login": "warehouse@example.org"}
SEARCH = "/json/2/res.partner/search_read"
Opened = Callable[..., AbstractContextManager[VendorSite]]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """A function of the fake's options that opens a site."""

    def open_site(**options: Any) -> AbstractContextManager[VendorSite]:
        return site("odoo", tmp_path, lambda store: OdooFake(store, **options))

    return open_site


@pytest.fixture
def crm(opened: Opened) -> Iterator[VendorSite]:
    with opened() as made:
        yield made


def put(at: VendorSite, model: str, id: int, written: Any = NOW, **body: Any) -> None:
    """Store a record written at that (aware) moment."""
    stamp = written.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    record = {"id": id, "create_date": stamp, **body, "write_date": stamp}
    at.put(model, str(id), id, record)


def test_the_interface_follows_the_servers_version(opened: Opened) -> None:
    for version, path in ((19, SEARCH), (18, "/jsonrpc"), (22, SEARCH)):
        with opened(version=version) as made:
            put(made, "res.partner", 1, name="Example")
            source = made.source(**KEY, **LOGIN)
            made.lake.pull(source, "partner", full=True)
            assert made.server.requests[-1].path == path
            assert source.check()[0].ok


def test_an_older_server_needs_a_login(opened: Opened) -> None:
    with opened(version=16) as made:
        source = made.source(**KEY)
        with pytest.raises(ConfigurationError, match="`login`"):
            made.lake.extract(source, "partner")
        (item,) = source.check()
        assert not item.ok
        assert "older than Odoo 19" in item.detail
    with pytest.raises(ValidationError, match="login"):
        OdooSettings.model_validate(
            {**KEY, "base_url": "https://odoo.example.org", "transport": "jsonrpc"}
        )


def test_false_becomes_null_except_where_it_means_no(crm: VendorSite) -> None:
    put(crm, "res.partner", 1, name="Example", email=False, ref=False, is_company=False)
    put(crm, "res.partner", 2, name="Firm", is_company=True, commercial_partner_id=[2, "Firm"])
    source = crm.source(**KEY)
    crm.lake.pull(source, "partner")
    columns = ["email", "ref", "is_company", "commercial_partner", "birthdate_date"]
    first, second = crm.lake.rows(source, "partner", columns)
    assert list(first.values()) == [None, None, False, None, None]
    assert list(second.values()) == [None, None, True, 2, None]


def test_archived_records_are_read(crm: VendorSite) -> None:
    put(crm, "res.partner", 1, name="Here", active=True)
    put(crm, "res.partner", 2, name="Archived", active=False)
    source = crm.source(**KEY)
    crm.lake.pull(source, "partner")
    rows = crm.lake.rows(source, "partner", ["name", "active"])
    assert [row["active"] for row in rows] == [True, False]
    assert [key for chunk in source.ids("partner") for key in chunk] == [(1,), (2,)]


def test_records_within_one_second_are_all_found(crm: VendorSite) -> None:
    """A keyset over the shown write_date would stop within the second, or never leave it."""
    for number in range(1, 9):
        moment = NOW + timedelta(microseconds=number * 1000)
        put(crm, "res.partner", number, moment, name=f"Example {number}")
    source = crm.source(**KEY)
    crm.lake.pull(source, "partner")
    assert len(crm.lake.rows(source, "partner", ["id"])) == 8
    late = NOW + timedelta(seconds=1, microseconds=999_000)
    crm.store.set_now(late + timedelta(seconds=1))
    put(crm, "res.partner", 3, late, name="Changed")
    receipt, _ = crm.lake.pull(source, "partner")["partner"]
    assert receipt.rows["partner"] == 8, "an hour is read again"
    assert crm.lake.rows(source, "partner", ["name"])[2] == {"name": "Changed"}


def test_an_incremental_read_asks_for_an_hour_before_the_mark(crm: VendorSite) -> None:
    put(crm, "res.partner", 1, NOW - timedelta(hours=5), name="Old")
    put(crm, "res.partner", 2, NOW - timedelta(minutes=10), name="New")
    source = crm.source(**KEY)
    crm.lake.pull(source, "partner")
    receipt, _ = crm.lake.pull(source, "partner")["partner"]
    assert receipt.rows["partner"] == 1
    asked = crm.asked(SEARCH)[-1].json()
    assert ["write_date", ">=", "2026-06-30 10:50:00"] in asked["domain"]
    assert asked["context"] == {"active_test": False}
    assert asked["order"] == "id"


def test_a_slice_ends_before_its_end(crm: VendorSite) -> None:
    for days in (1, 2, 3):
        put(crm, "res.partner", days, NOW + timedelta(days=days), name="Example")
    source = crm.source(**KEY)
    request = Request("partner", since=NOW + timedelta(days=2), until=NOW + timedelta(days=3))
    rows = [row["id"] for page in source.pages(request) for row in page.rows["partner"]]
    assert rows == [2]


def test_a_payment_whose_entry_changed_is_read_again(crm: VendorSite) -> None:
    put(crm, "account.move", 7, NOW, name="PBNK1/2026/1")
    money = {"amount": 89.9, "currency_id": [1, "EUR"], "partner_id": [1, "Anna Example"]}
    entry = {"move_id": [7, "PBNK1/2026/1"], "partner_type": "customer"}
    for number, state in ((1, "posted"), (2, "draft")):
        old = NOW - timedelta(days=30 * (2 - number))
        put(crm, "account.payment", number, old, state=state, **money, **entry)
    source = crm.source(**KEY)
    crm.lake.pull(source, "payment")
    later = NOW + timedelta(days=1)
    crm.store.set_now(later)
    put(crm, "account.move", 7, later, name="PBNK1/2026/1")
    put(crm, "account.payment", 1, NOW - timedelta(days=30), state="canceled", **money, **entry)
    crm.lake.pull(source, "payment")
    assert crm.lake.rows(source, "payment", ["state"])[0] == {"state": "canceled"}


def test_money_relations_and_names(crm: VendorSite) -> None:
    put(
        crm,
        "account.payment",
        1,
        amount=0.1 + 0.2,
        currency_id=[1, "EUR"],
        partner_id=[5, "Anna Example"],
        partner_type="customer",
        reconciled_invoice_ids=[31, 32],
    )
    put(crm, "account.payment", 2, amount=5.0, partner_type="supplier")
    source = crm.source(**KEY)
    crm.lake.pull(source, "payment")
    columns = ["amount", "currency", "partner", "invoice"]
    (row,) = crm.lake.rows(source, "payment", columns)
    assert [str(value) for value in row.values()] == ["0.3000", "EUR", "5", "31"]
    landed = repr([page.rows for page in source.pages(Request("payment"))])
    assert "Anna Example" not in landed, "a relation's name was landed without being asked for"


def test_only_named_fields_are_asked_for(crm: VendorSite) -> None:
    put(crm, "res.partner", 1, name="Example", comment="<p>FREETEXT</p>", vat="VATNUMBER")
    source = crm.source(**KEY)
    crm.lake.pull(source, "partner")
    asked = crm.asked(SEARCH)[-1].json()["fields"]
    assert {"comment", "vat"}.isdisjoint(asked)
    assert "firstname" not in asked, "the database does not have it: Odoo would refuse the call"


def test_a_module_that_is_not_installed_is_no_failure(opened: Opened) -> None:
    for version in (19, 17):
        with opened(modules=["base", "product", "sale", "account"], version=version) as made:
            put(made, "res.partner", 1, name="Example")
            source = made.source(**KEY, **LOGIN)
            for stream in ("membership_line", "event", "subscription", "product"):
                receipt = made.lake.extract(source, stream, reconcile="auto")
                assert receipt.rows[stream] == 0
            said = {item.name: item for item in source.check()}
            assert all(item.ok for item in said.values())
            assert "needs Membership" in said["membership_line"].detail
            assert "Subscriptions (Enterprise" in said["subscription"].detail
            assert "incremental by write_date" in said["invoice"].detail
            assert "free_member" in said["partner"].detail


def test_only_products_that_are_memberships(crm: VendorSite) -> None:
    """A change of the price is written to the template, not to the product."""
    put(crm, "product.template", 9, NOW, name="Member")
    for number, given in ((1, True), (2, False)):
        product = {"membership": given, "list_price": 89.9, "product_tmpl_id": [9, "Member"]}
        put(crm, "product.product", number, NOW - timedelta(days=9), name="Member", **product)
    source = crm.source(**KEY)
    crm.lake.pull(source, "product")
    assert crm.lake.rows(source, "product", ["id"]) == [{"id": 1}]
    later = NOW + timedelta(days=1)
    crm.store.set_now(later)
    put(crm, "product.template", 9, later, name="Member")
    product |= {"membership": True, "list_price": 99.0}
    put(crm, "product.product", 1, NOW - timedelta(days=9), name="Member", **product)
    crm.lake.pull(source, "product")
    assert str(crm.lake.rows(source, "product", ["list_price"])[0]["list_price"]) == "99.0000"


def test_refusals_in_plain_words(opened: Opened) -> None:
    for version in (19, 18):
        with opened(version=version, forbidden=["account.move"]) as made:
            put(made, "res.partner", 1, name="Example")
            wrong = made.source(**{**KEY, "api_key": "not-the-key"}, **LOGIN)
            said = "API key" if version >= 19 else "log-in"
            with pytest.raises(AuthenticationError, match=f"refused the {said}") as caught:
                made.lake.extract(wrong, "partner")
            assert "not-the-key" not in str(caught.value)
            assert not any(item.ok for item in wrong.check()[1:])
            good = made.source(**KEY, **LOGIN)
            with pytest.raises(NotPermitted, match="may not read"):
                made.lake.extract(good, "invoice")
            refused = [item.name for item in good.check() if not item.ok]
            assert refused == ["invoice"]
            lost = made.source(**{**KEY, "database": "other", "max_attempts": 1}, **LOGIN)
            assert not lost.check()[-1].ok


def test_a_key_revoked_after_the_log_in(opened: Opened) -> None:
    with opened(version=17) as made:
        put(made, "res.partner", 1, name="Example")
        source = made.source(**KEY, **LOGIN)
        source.check()
        made.server.app = OdooFake(made.store, "another-key", version=17)
        with pytest.raises(AuthenticationError, match="API key"):
            made.lake.extract(source, "partner")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("odoo.exceptions.AccessDenied", AuthenticationError),
        ("odoo.http.SessionExpiredException", AuthenticationError),
        ("odoo.exceptions.AccessError", NotPermitted),
        ("odoo.exceptions.UserError", RefusedError),
        ("builtins.ValueError", SourceError),
    ],
)
def test_errors_are_told_apart_by_their_class(name: str, error: type[Exception]) -> None:
    data = {"name": name, "message": "about Anna Example", "arguments": [], "debug": ""}
    for body in (data, {"jsonrpc": "2.0", "error": {"code": 200, "data": data}}):
        found = vendor_error(200, body)
        assert type(found) is error
        assert "Anna" not in str(found)
    assert vendor_error(200, [{"name": "Anna"}]) is None
    assert vendor_error(200, {"name": {"type": "char"}, "debug": {"type": "char"}}) is None
    assert type(vendor_error(200, {"error": {"code": 100}})) is AuthenticationError


def test_names_come_in_the_language_asked_for(crm: VendorSite) -> None:
    source = crm.source(**KEY, language="de_DE")
    list(source.pages(Request("event")))
    asked = crm.asked("/json/2/event.event/search_read")[-1].json()
    assert asked["context"] == {"active_test": False, "lang": "de_DE"}


def test_only_the_hosted_service_is_spared() -> None:
    assert limit_of("https://example.odoo.com").per_second == 1
    assert limit_of("https://odoo.example.org").per_second is None
    assert limit_of("https://notodoo.com").per_second is None
    assert {"membership", "event", "account"} <= EVERYTHING
