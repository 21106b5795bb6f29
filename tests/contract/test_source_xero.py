"""Xero's own traps: rotating tokens, dates, shared seconds, limits, statuses, what is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cases_xero import xero_settings
from pydantic import ValidationError
from sites import VendorSite, site
from vendors import NOW

from connectors.errors import (
    AuthenticationError,
    NotPermitted,
    QuotaExhausted,
    ShortReadError,
    SourceError,
)
from connectors.files import write_atomically
from connectors.http import oauth
from connectors.sources.xero.client import limit_of
from connectors.sources.xero.records import day_of, landed, moment_of
from connectors.sources.xero.settings import XeroSettings
from connectors.testing.fakes.xero import TENANT, XeroFake
from connectors.testing.fakes.xero_records import ms_date
from connectors.testing.faults import Faults


class Organisation:
    """A site with sources of the right settings, and records with their times of change."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake, self.store = vendor, vendor.lake, vendor.store

    def source(self, **settings: Any) -> Any:
        wanted = {**xero_settings(self.vendor.server.url), **settings}
        return self.vendor.source(**{k: v for k, v in wanted.items() if v is not None})

    def put(self, entity: str, id: str, at: datetime = NOW, **body: Any) -> None:
        key = {"bank_transaction": "BankTransactionID", "credit_note": "CreditNoteID"}
        name = key.get(entity, f"{entity.title()}ID")
        known = self.store.get("xero", entity, id)
        sort = known.sort if known else 1 + self.store.count("xero", entity)
        self.vendor.put(entity, id, sort, {name: id, "UpdatedDateUTC": ms_date(at), **body})

    def wait(self, **time: float) -> None:
        self.store.set_now(self.store.now() + timedelta(**time))

    def tokens(self) -> int:
        return len(self.vendor.asked("/connect/token"))


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def organisation(tmp_path: Path, faults: Faults) -> Iterator[Organisation]:
    with site("xero", tmp_path, XeroFake, faults) as vendor:
        made = Organisation(vendor)
        for number in range(1, 4):
            made.put("contact", f"c{number}", NOW - timedelta(days=number), Name="Anna Example")
        yield made


@pytest.mark.parametrize(
    ("text", "moment", "day"),
    [
        ("/Date(1573755038314)/", "2019-11-14T18:10:38.314000+00:00", "2019-11-14"),
        ("/Date(1573755038314+0000)/", "2019-11-14T18:10:38.314000+00:00", "2019-11-14"),
        ("/Date(1494331200000+1200)/", "2017-05-09T12:00:00+00:00", "2017-05-10"),
        ("/Date(1494374400000-0500)/", "2017-05-10T00:00:00+00:00", "2017-05-09"),
        ("/Date(-2208988800000+0000)/", "1900-01-01T00:00:00+00:00", "1900-01-01"),
        ("/Date(-1)/", "1969-12-31T23:59:59.999000+00:00", "1969-12-31"),
    ],
)
def test_dates_of_microsoft_json(text: str, moment: str, day: str) -> None:
    found = moment_of(text)
    assert found is not None
    assert found.isoformat() == moment
    assert day_of(text) == day
    row = landed("invoice", {"UpdatedDateUTC": text, "Allocations": [{"Date": text}], "Date": text})
    assert row == {"UpdatedDateUTC": moment, "Allocations": [{"Date": day}], "Date": day}


@pytest.mark.parametrize("text", ["/Date()/", "/Date(9999999999999999999)/", "soon"])
def test_an_unreadable_date_stays_for_the_loader_to_refuse(text: str) -> None:
    assert landed("invoice", {"Date": text})["Date"] == text


def test_dates_and_money_arrive_in_the_raw_table(organisation: Organisation) -> None:
    day = datetime(2026, 3, 29, tzinfo=UTC)
    money = {"Total": 1234.5678, "AmountPaid": 0.1, "CurrencyCode": "KWD"}
    organisation.put("invoice", "i1", Date=ms_date(day), FullyPaidOnDate=None, **money)
    source = organisation.source()
    organisation.lake.pull(source, "invoice")
    columns = ["date", "total", "amount_paid", "currency_code", "updated_date_utc"]
    assert organisation.lake.rows(source, "invoice", columns) == [
        {
            "date": day.date(),
            "total": Decimal("1234.5678"),
            "amount_paid": Decimal("0.1000"),
            "currency_code": "KWD",
            "updated_date_utc": NOW.replace(tzinfo=None),
        }
    ]


def test_more_records_in_one_second_than_fit_on_a_page(organisation: Organisation) -> None:
    for number in range(11):
        organisation.put("invoice", f"i{number:02d}", NOW - timedelta(hours=1))
    organisation.put("invoice", "late", NOW)
    source = organisation.source()
    receipt, _ = organisation.lake.pull(source, "invoice")["invoice"]
    assert len(organisation.lake.rows(source, "invoice")) == 12
    assert receipt.rows["invoice"] == 12
    pages = [r.param("page") for r in organisation.vendor.asked("/api.xro/2.0/Invoices")]
    assert "3" in pages, "only page numbers lead through one second"


def test_the_second_of_the_mark_is_asked_for_again(organisation: Organisation) -> None:
    """If-Modified-Since may leave out its own second: two records of one second, seen apart."""
    source = organisation.source()
    organisation.put("invoice", "i1", NOW)
    organisation.lake.pull(source, "invoice")
    organisation.wait(hours=1)
    organisation.put("invoice", "i2", NOW)
    organisation.lake.pull(source, "invoice")
    assert len(organisation.lake.rows(source, "invoice")) == 2
    asked = organisation.vendor.asked("/api.xro/2.0/Invoices")[-1]
    assert asked.headers["if-modified-since"] == "2026-06-30T11:54:59"


def test_a_slice_ends_where_it_should(organisation: Organisation) -> None:
    source = organisation.source()
    since, until = NOW - timedelta(days=2, seconds=1), NOW - timedelta(days=1)
    receipt = organisation.lake.extract(source, "contact", since=since, until=until)
    assert receipt.rows["contact"] == 1
    (asked,) = organisation.vendor.asked("/api.xro/2.0/Contacts")
    assert asked.param("where") == "UpdatedDateUTC<DateTime(2026,06,29,12,00,00)"


def test_archived_contacts_and_void_documents_are_kept(organisation: Organisation) -> None:
    organisation.put("contact", "c9", Name="Old", ContactStatus="ARCHIVED", MergedToContactID="c1")
    organisation.put("invoice", "i1", Status="VOIDED", Total=1.0)
    source = organisation.source()
    organisation.lake.pull(source, "contact", "invoice")
    columns = ["contact_id", "contact_status", "merged_to_contact_id"]
    assert organisation.lake.rows(source, "contact", columns)[-1] == {
        "contact_id": "c9",
        "contact_status": "ARCHIVED",
        "merged_to_contact_id": "c1",
    }
    assert organisation.lake.rows(source, "invoice", ["status"]) == [{"status": "VOIDED"}]


def test_a_list_shorter_than_its_own_count_is_an_error(
    organisation: Organisation, faults: Faults
) -> None:
    paging = {"page": 1, "pageSize": 4, "pageCount": 1, "itemCount": 3}
    short = {"pagination": paging, "Contacts": [{"ContactID": "c1"}]}
    faults.on(r"/Contacts\?").status(200, short)
    with pytest.raises(ShortReadError):
        organisation.lake.extract(organisation.source(), "contact")


def test_private_details_are_not_landed(organisation: Organisation) -> None:
    phones = [
        {"PhoneType": "DEFAULT", "PhoneNumber": "555"},
        {
            "PhoneType": "MOBILE",
            "PhoneNumber": "1234567",
            "PhoneAreaCode": "171",
            "PhoneCountryCode": "49",
        },
    ]
    places = [
        {"AddressType": "POBOX", "AddressLine1": "Box 1", "City": "Bonn"},
        {"AddressType": "STREET", "AddressLine1": "Lane 2", "City": "Köln", "PostalCode": "50667"},
    ]
    organisation.put(
        "contact",
        "c1",
        Name="Anna Example",
        BankAccountDetails="IBAN",
        TaxNumber="TAX",
        ContactPersons=[{"FirstName": "OTHER"}],
        Phones=phones,
        Addresses=places,
    )
    lines = [{"Description": "WORDS", "ItemCode": "DUES", "LineAmount": 10.0}]
    contact = {"ContactID": "c1", "Name": "NAME", "EmailAddress": "MAIL"}
    organisation.put("invoice", "i1", LineItems=lines, Contact=contact, Total=10.0)
    invoice = {"InvoiceID": "i1", "CurrencyCode": "EUR", "Contact": contact}
    account = {"Code": "090", "BankAccountNumber": "IBAN"}
    organisation.put("payment", "p1", Invoice=invoice, Account=account, Details="WORDS", Amount=1.0)
    source = organisation.source()
    organisation.lake.pull(source)
    everything = {name: organisation.lake.rows(source, name) for name in ("contact", "invoice")}
    everything["payment"] = organisation.lake.rows(source, "payment")
    text = repr(everything)
    for word in ("IBAN", "TAX", "OTHER", "WORDS", "NAME", "MAIL"):
        assert word not in text
    (anna,) = [row for row in everything["contact"] if row["contact_id"] == "c1"]
    assert anna["phone_e164"] == "+491711234567"
    assert (anna["street"], anna["postal_code"], anna["city"]) == ("Lane 2", "50667", "Köln")
    (bill,) = everything["invoice"]
    assert (bill["contact_id"], json.loads(bill["line_items"])[0]["ItemCode"]) == ("c1", "DUES")
    assert everything["payment"][0]["account_code"] == "090"


class Killed(BaseException):
    """The process ends here."""


def test_a_crash_between_refresh_and_store_does_not_lose_the_connection(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer with the new token came, the disk never saw it: Xero takes the old one again."""

    def killed(*_args: object, **_options: object) -> None:
        raise Killed

    monkeypatch.setattr(oauth, "write_atomically", killed)
    with pytest.raises(Killed):
        organisation.source().check()
    assert organisation.tokens() == 1
    monkeypatch.setattr(oauth, "write_atomically", write_atomically)
    organisation.wait(minutes=20)
    assert all(item.ok for item in organisation.source().check())
    assert organisation.tokens() == 2


def test_a_crash_after_the_store_goes_on_with_the_new_token(organisation: Organisation) -> None:
    """Beyond the grace for used tokens only the stored one is good, and it works once."""
    first = organisation.source()
    organisation.lake.pull(first, "contact")
    organisation.wait(hours=2)
    second = organisation.source()
    organisation.lake.pull(second, "contact")
    assert organisation.tokens() == 2
    refreshed = [r.body.decode() for r in organisation.vendor.asked("/connect/token")]
    assert "refresh_token=refresh-0" in refreshed[0]
    assert "refresh_token=refresh-1" in refreshed[1]


def test_a_revoked_connection_is_a_clear_error_and_connecting_again_helps(
    organisation: Organisation,
) -> None:
    organisation.lake.pull(organisation.source(), "contact")
    organisation.store.set_setting("xero.refresh", "7")
    organisation.wait(hours=2)
    with pytest.raises(AuthenticationError, match="Connect the account again"):
        organisation.lake.extract(organisation.source(), "contact")
    # The token of the new connection counts, not the stored one of the old.
    again = organisation.source(refresh_token="refresh-7")
    assert all(item.ok for item in again.check())


def test_an_expired_access_token_is_renewed_and_the_page_asked_again(
    organisation: Organisation,
) -> None:
    source = organisation.source()
    organisation.lake.pull(source, "contact")
    organisation.wait(minutes=31)
    organisation.lake.pull(source, "contact")
    assert organisation.tokens() == 2


def test_a_custom_connection_asks_for_itself(organisation: Organisation) -> None:
    source = organisation.source(refresh_token=None, tenant_id=None)
    organisation.lake.pull(source, "contact")
    (asked,) = organisation.vendor.asked("/connect/token")
    assert b"grant_type=client_credentials" in asked.body
    assert b"accounting.invoices.read" in asked.body
    listed = organisation.vendor.asked("/api.xro/2.0/Contacts")
    assert all("xero-tenant-id" not in request.headers for request in listed)


def test_settings_want_the_organisation_with_a_refresh_token() -> None:
    with pytest.raises(ValidationError, match="tenant_id"):
        XeroSettings.model_validate(
            {"client_id": "a", "client_secret": "b", "refresh_token": "c", "tenant_id": None}
        )


def test_check_says_which_scope_is_missing(tmp_path: Path) -> None:
    def app(store: Any) -> XeroFake:
        return XeroFake(store, hidden={"Payments"})

    with site("xero", tmp_path, app) as vendor:
        organisation = Organisation(vendor)
        said = {item.name: item for item in organisation.source().check()}
        assert not said["payment"].ok
        assert "scope" in said["payment"].detail
        assert "accounting.payments.read" in said["payment"].detail
        assert said["invoice"].ok
        assert "If-Modified-Since" in said["invoice"].detail
        with pytest.raises(NotPermitted, match="scope"):
            organisation.lake.extract(organisation.source(), "payment")


def test_refusals_in_plain_words(organisation: Organisation, faults: Faults) -> None:
    other = organisation.source(tenant_id=TENANT.replace("1", "2"))
    with pytest.raises(NotPermitted, match="not connected to this organisation"):
        organisation.lake.extract(other, "contact")
    error = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "Anna", "Elements": []}
    faults.on(r"/Invoices\?").status(400, error)
    with pytest.raises(SourceError, match="ValidationException, number 10") as caught:
        organisation.lake.extract(organisation.source(), "invoice")
    assert "Anna" not in str(caught.value)
    faults.on(r"/Payments\?").times(2).status(503, {"Title": "Organisation offline", "Status": 503})
    organisation.lake.pull(organisation.source(), "payment")


def test_a_used_up_day_reschedules(organisation: Organisation, faults: Faults) -> None:
    headers = {"X-Rate-Limit-Problem": "day", "Retry-After": "40000"}
    rule = faults.on(r"/Contacts\?").every().status(429, {}, headers)
    with pytest.raises(QuotaExhausted, match="40000 seconds"):
        organisation.lake.extract(organisation.source(), "contact")
    assert rule.hits == 1, "a used-up day was tried again"


def test_a_used_up_minute_is_waited_for(organisation: Organisation, faults: Faults) -> None:
    headers = {"X-Rate-Limit-Problem": "minute", "Retry-After": "0"}
    faults.on(r"/Contacts\?").status(429, {}, headers)
    organisation.lake.pull(organisation.source(), "contact")
    assert len(organisation.vendor.asked("/api.xro/2.0/Contacts")) == 2


def test_some_of_the_day_is_left_to_other_programs(tmp_path: Path) -> None:
    def app(store: Any) -> XeroFake:
        return XeroFake(store, per_day=50)

    with site("xero", tmp_path, app) as vendor:
        organisation = Organisation(vendor)
        organisation.put("contact", "c1")
        organisation.put("contact", "c2")
        source = organisation.source(spare_requests=49, page_size=1)
        with pytest.raises(QuotaExhausted, match="allowance"):
            organisation.lake.extract(source, "contact")
        assert len(vendor.asked("/api.xro/2.0/Contacts")) == 1


def test_limits_are_those_of_xero_for_xero_alone() -> None:
    keys = {"client_id": "a", "client_secret": "b"}
    hosted = limit_of(XeroSettings.model_validate(keys))
    assert hosted.per_second is not None
    assert 60 * hosted.per_second + hosted.burst < 60
    assert hosted.per_day == 5000
    own = XeroSettings.model_validate({**keys, "base_url": "http://localhost:1"})
    assert limit_of(own).per_second is None
