"""QuickBooks' own traps: deletions, the 30 days, full answers, slow queries, voids, faults."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cases_quickbooks import quickbooks_settings
from sites import VendorSite, site
from vendors import NOW

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RateLimited,
    RetryableError,
    SourceError,
)
from connectors.sources.quickbooks import source as quickbooks
from connectors.sources.quickbooks.client import QueryTimeoutError, limit_of, vendor_error
from connectors.testing.fakes.quickbooks import QuickbooksFake, qbo_time
from connectors.testing.faults import Faults


class Company:
    """A site with sources of the right settings, and records that change and go."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake, self.store = vendor, vendor.lake, vendor.store
        self.app: Any = vendor.server.app

    def source(self, **settings: Any) -> Any:
        return self.vendor.source(**{**quickbooks_settings(self.vendor.server.url), **settings})

    def put(self, entity: str, id: str, at: datetime | None = None, **body: Any) -> None:
        moment = qbo_time(at or self.store.now())
        times = {"CreateTime": moment, "LastUpdatedTime": moment}
        self.vendor.put(entity, id, int(id), {"Id": id, **body, "MetaData": times})

    def wait(self, **time: float) -> None:
        self.store.set_now(self.store.now() + timedelta(**time))

    def statements(self) -> list[str]:
        asked = self.vendor.asked("/v3/company/123456789/query")
        return [str(request.param("query")) for request in asked]

    def captured(self) -> list[str]:
        asked = self.vendor.asked("/v3/company/123456789/cdc")
        return [str(request.param("changedSince")) for request in asked]

    def tokens(self) -> list[str]:
        asked = self.vendor.asked("/oauth2/v1/tokens/bearer")
        return [request.body.decode() for request in asked]

    def ids(self, source: Any, stream: str = "invoice") -> list[str]:
        return [row["id"] for row in self.lake.rows(source, stream, ["id"])]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def company(tmp_path: Path, faults: Faults) -> Iterator[Company]:
    with site("quickbooks", tmp_path, QuickbooksFake, faults) as vendor:
        made = Company(vendor)
        for number in range(1, 8):
            made.put("Invoice", str(number), NOW - timedelta(days=number), TotalAmt=number)
        yield made


def test_times_have_an_offset_and_amounts_four_decimals(company: Company) -> None:
    company.put("Invoice", "9", NOW, TotalAmt=12.3456, TxnDate="2026-06-30", Balance=0)
    source = company.source()
    company.lake.pull(source, "invoice")
    columns = ["last_updated_time", "total_amt", "balance", "txn_date"]
    assert company.lake.rows(source, "invoice", columns)[-1] == {
        "last_updated_time": NOW.replace(tzinfo=None),
        "total_amt": Decimal("12.3456"),
        "balance": Decimal("0.0000"),
        "txn_date": NOW.date(),
    }


def test_a_deletion_is_told_by_change_data_capture(company: Company) -> None:
    source = company.source()
    company.lake.pull(source, "invoice")
    company.wait(hours=1)
    company.app.delete("Invoice", "3")
    company.put("Invoice", "4", TotalAmt=40)
    _, loaded = company.lake.pull(source, "invoice")["invoice"]
    assert loaded.deleted["invoice"] == 1
    assert company.ids(source) == ["1", "2", "4", "5", "6", "7"]
    # The overlap tells it again: it stays deleted, and nothing else happens.
    _, again = company.lake.pull(source, "invoice")["invoice"]
    assert again.deleted["invoice"] == 0


def test_what_is_called_deleted_but_alive_stays(company: Company) -> None:
    """Reported of the real service (issue 189 of its .NET client)."""
    source = company.source()
    company.lake.pull(source, "invoice")
    company.wait(hours=1)
    company.app.delete("Invoice", "3")
    company.put("Invoice", "3", TotalAmt=33)
    company.lake.pull(source, "invoice")
    assert "3" in company.ids(source)


def test_a_payments_lines_go_with_it(company: Company) -> None:
    links = [{"TxnId": "1", "TxnType": "Invoice"}, {"TxnId": "5", "TxnType": "CreditMemo"}]
    lines = [{"Amount": 3.5, "LinkedTxn": [link]} for link in links]
    company.put("Payment", "1", TotalAmt=7, Line=lines)
    source = company.source()
    company.lake.pull(source, "payment")
    rows = company.lake.rows(source, "payment_line", ["line", "txn_type", "txn_id", "amount"])
    assert rows[0] == {"line": 1, "txn_type": "Invoice", "txn_id": "1", "amount": Decimal("3.5")}
    company.wait(hours=1)
    company.put("Payment", "1", TotalAmt=3.5, Line=lines[:1])
    company.lake.pull(source, "payment")
    assert len(company.lake.rows(source, "payment_line")) == 1
    company.wait(hours=1)
    company.app.delete("Payment", "1")
    company.lake.pull(source, "payment")
    assert company.lake.rows(source, "payment_line") == []


def test_after_more_than_30_days_everything_is_read_again(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    source = company.source()
    company.lake.pull(source, "invoice")
    company.app.delete("Invoice", "3")
    company.wait(days=31)
    with caplog.at_level(logging.WARNING):
        company.lake.pull(source, "invoice", reconcile="auto")
    assert "reading in full again" in caplog.text
    assert company.captured() == []
    assert company.ids(source) == ["1", "2", "4", "5", "6", "7"], "found by comparing ids"
    caplog.clear()
    company.wait(days=20)
    company.lake.pull(source, "invoice")
    assert "reading in full again" not in caplog.text, "a quiet month is not a gap"


def test_a_quiet_stream_is_not_read_in_full_every_night(company: Company) -> None:
    """The mark is when the stream was read, not when its last record changed."""
    source = company.source()
    for _ in range(4):
        company.lake.pull(source, "invoice")
        company.wait(days=15)
    assert len(company.captured()) == 3
    whole = [text for text in company.statements() if "select *" in text and " where " not in text]
    assert len(whole) == 1, "one full read, the first"


def test_a_full_answer_is_asked_for_again_for_less_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(quickbooks, "MOST_CHANGES", 5)

    def app(store: Any) -> QuickbooksFake:
        return QuickbooksFake(store, most_changes=5)

    with site("quickbooks", tmp_path, app) as vendor:
        company = Company(vendor)
        for number in range(1, 13):
            company.put("Invoice", str(number), NOW - timedelta(days=1))
        source = company.source()
        company.lake.pull(source, "invoice")
        company.wait(hours=1)
        company.app.delete("Invoice", "1")
        for number in range(2, 8):
            company.put("Invoice", str(number))
        company.wait(hours=20)
        company.app.delete("Invoice", "12")
        with caplog.at_level(logging.WARNING):
            company.lake.pull(source, "invoice")
        assert "too many changes" in caplog.text
        assert company.captured() == sorted(company.captured())
        assert len(company.captured()) == 2
        assert company.ids(source)[0] == "1", "told no more"
        assert "12" not in company.ids(source)
        company.lake.pull(source, "invoice", reconcile="always")
        assert company.ids(source)[0] == "10"


def test_a_slow_query_is_asked_for_half_the_time(tmp_path: Path) -> None:
    def app(store: Any) -> QuickbooksFake:
        return QuickbooksFake(store, slow=6)

    with site("quickbooks", tmp_path, app) as vendor:
        company = Company(vendor)
        for number in range(1, 21):
            company.put("Invoice", str(number), NOW - timedelta(days=100 * number))
        source = company.source()
        company.lake.pull(source, "invoice")
        assert len(company.ids(source)) == 20
        bounded = [text for text in company.statements() if " < '" in text]
        assert bounded, "no window was made smaller"


def test_a_query_too_slow_for_any_window_fails(company: Company, faults: Faults) -> None:
    error = {"Fault": {"Error": [{"Message": "QUERY_TIMEOUT", "code": "QUERY_TIMEOUT"}]}}
    faults.on(r"/query\?").every().status(400, error)
    with pytest.raises(QueryTimeoutError):
        company.lake.extract(company.source(), "invoice")


def test_more_records_in_one_second_than_fit_on_a_page(company: Company) -> None:
    for number in range(20, 31):
        company.put("Invoice", str(number), NOW)
    source = company.source()
    receipt, _ = company.lake.pull(source, "invoice")["invoice"]
    assert len(company.ids(source)) == 18
    assert receipt.rows["invoice"] == 18
    assert any("startposition 9 " in text for text in company.statements())


def test_ids_are_listed_in_chunks_that_overlap(company: Company, faults: Faults) -> None:
    source = company.source()
    company.lake.pull(source, "invoice")
    # One is deleted between two chunks: all others move up by one place.
    rule = faults.on(r"select\+Id").nth(2).drift(lambda: company.app.delete("Invoice", "1"))
    company.lake.pull(source, "invoice", reconcile="always")
    assert rule.hits == 1
    assert company.ids(source) == ["2", "3", "4", "5", "6", "7"]


def test_ids_that_go_faster_than_they_are_listed_are_listed_anew(
    company: Company, faults: Faults
) -> None:
    source = company.source()
    company.lake.pull(source, "invoice")

    def several() -> None:
        for id in ("1", "2", "3"):
            company.app.delete("Invoice", id)

    faults.on(r"select\+Id").nth(2).drift(several)
    company.lake.pull(source, "invoice", reconcile="always")
    assert company.ids(source) == ["4", "5", "6", "7"]


def test_inactive_customers_are_read(company: Company) -> None:
    company.put("Customer", "1", DisplayName="Old", Active=False)
    company.put("Item", "1", Name="Dues", UnitPrice=1.2345678, Active=False)
    source = company.source()
    company.lake.pull(source, "customer", "item")
    assert company.lake.rows(source, "customer", ["id", "active"]) == [{"id": "1", "active": False}]
    assert company.lake.rows(source, "item", ["unit_price"]) == [{"unit_price": 1.2345678}]


def test_a_slice_is_bounded_on_both_sides(company: Company) -> None:
    source = company.source()
    since, until = NOW - timedelta(days=4), NOW - timedelta(days=2)
    receipt = company.lake.extract(source, "invoice", since=since, until=until)
    assert receipt.rows["invoice"] == 2
    assert company.captured() == []


def test_private_details_are_not_landed(company: Company) -> None:
    private = {"PrivateNote": "Voided - WORDS", "CustomerMemo": {"value": "WORDS"}}
    mail = {"BillEmail": {"Address": "MAIL"}, "CustomerRef": {"value": "7", "name": "NAME"}}
    sold = {"Amount": 1, "Description": "WORDS", "SalesItemLineDetail": {"Qty": 1}}
    line = [sold, {"Description": "WORDS", "GroupLineDetail": {"Quantity": 1, "Line": [sold]}}]
    company.put("Invoice", "9", **private, **mail, Line=line, TotalAmt=0)
    company.put("Payment", "9", CreditCardPayment={"x": "CARD"}, PaymentRefNum="CARD", TotalAmt=1)
    home = {"Line1": "Lane 2", "City": "Köln", "Country": "LAND"}
    company.put("Customer", "7", Notes="WORDS", BillAddr=home, PrimaryTaxIdentifier="TAX")
    source = company.source()
    company.lake.pull(source)
    found = {name: company.lake.rows(source, name) for name in ("invoice", "payment", "customer")}
    for word in ("WORDS", "MAIL", "NAME", "CARD", "LAND", "TAX"):
        assert word not in repr(found)
    invoice = found["invoice"][-1]
    assert (invoice["voided"], invoice["customer_id"]) == (True, "7")
    assert found["customer"][0]["city"] == "Köln"


def test_a_rotated_refresh_token_is_used_next_time(company: Company) -> None:
    company.lake.pull(company.source(), "invoice")
    company.wait(hours=2)
    company.lake.pull(company.source(), "invoice")
    first, second = company.tokens()
    assert "refresh_token=refresh-0" in first
    assert "refresh_token=refresh-1" in second


def test_check_and_refusals_in_plain_words(company: Company, faults: Faults) -> None:
    said = {item.name: item for item in company.source().check()}
    assert all(item.ok for item in said.values())
    assert "change data capture" in said["invoice"].detail
    with pytest.raises(NotPermitted, match="realm_id"):
        company.lake.extract(company.source(realm_id="5"), "invoice")
    other = company.source(refresh_token="refresh-9")
    with pytest.raises(AuthenticationError, match="Connect the account again"):
        company.lake.extract(other, "invoice")
    assert [item.ok for item in other.check()] == [False]
    faults.on(r"/query\?").every().status(200, {"QueryResponse": {"Fault": {"type": "X"}}})
    with pytest.raises(SourceError, match="X without code"):
        company.lake.extract(company.source(), "invoice")


@pytest.mark.parametrize(
    ("status", "fault", "kind"),
    [
        (429, {"Error": [{"Message": "ThrottleExceeded", "code": "3001"}]}, RateLimited),
        (403, {"Error": [{"Message": "x", "code": "003001"}]}, RateLimited),
        (200, {"Error": [{"code": "6000"}], "type": "ValidationFault"}, SourceError),
        (401, {"error": [{"message": "x", "code": "3200"}]}, AuthenticationError),
        (403, {"error": [{"message": "x", "code": "3100"}]}, NotPermitted),
        (500, {"Error": [{"code": "10000"}], "type": "SystemFault"}, RetryableError),
        (400, {"Error": [{"code": "4000"}], "type": "ValidationFault"}, SourceError),
    ],
)
def test_faults_and_what_to_do_about_them(
    status: int, fault: dict[str, Any], kind: type[JourneyConnectorError]
) -> None:
    name = "fault" if "error" in fault else "Fault"
    error = vendor_error(status, {name: fault})
    assert type(error) is kind
    if isinstance(error, RateLimited):
        assert error.wait == 60.0
    assert vendor_error(200, {"QueryResponse": {}}) is None


def test_limits_are_those_of_intuit_for_intuit_alone() -> None:
    hosted = limit_of("https://quickbooks.api.intuit.com")
    assert hosted.per_second is not None
    assert 60 * hosted.per_second + hosted.burst <= 500
    assert limit_of("http://localhost:1").per_second is None
    assert datetime.fromisoformat(qbo_time(NOW)).astimezone(UTC) == NOW
