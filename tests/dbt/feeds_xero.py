"""Xero: persons told from companies, one merged contact, money in and out in two currencies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.xero import TENANT, XeroFake
from connectors.testing.fakes.xero_records import ms_date
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ANNA = {"ContactID": "c1"}
COMPANY = {"ContactID": "c2"}


def _day(month: int, day: int) -> str:
    return ms_date(date(2026, month, day))


def _at(month: int, day: int, hour: int) -> datetime:
    """A naive UTC moment, as the warehouse keeps them."""
    return datetime(2026, month, day, hour, tzinfo=UTC).replace(tzinfo=None)


def _records() -> list[tuple[str, str, dict[str, Any]]]:
    first = {"FirstName": "Anna", "LastName": "Example"}
    street = {"AddressType": "STREET", "AddressLine1": "Lane 2", "PostalCode": "1", "City": "Köln"}
    eur, jpy = {"CurrencyCode": "EUR"}, {"CurrencyCode": "JPY"}
    sale, note = {"Type": "ACCREC"}, {"Type": "ACCRECCREDIT"}
    contact = [
        {"ContactID": "c1", "Name": "Example, Anna", **first, "EmailAddress": "Anna@Example.org"},
        {"ContactID": "c2", "Name": "Example Ltd", **first, "EmailAddress": "office@example.com"},
        {"ContactID": "c3", "Name": "Anna Example", **first, "ContactStatus": "ARCHIVED"},
        {"ContactID": "c4", "Name": "Paper Ltd", "IsSupplier": True, "IsCustomer": False},
        {"ContactID": "c5", "Name": "Forgotten", "ContactStatus": "GDPRREQUEST"},
        {"ContactID": "c6", "Name": "Both Ltd", "IsSupplier": True, "IsCustomer": False},
    ]
    contact[0]["Addresses"] = [street]
    contact[2]["MergedToContactID"] = "c1"
    dates = {"Date": _day(5, 1), "DueDate": _day(6, 1)}
    paid = {"Status": "PAID", "AmountPaid": 30.5, "FullyPaidOnDate": _day(5, 3)}
    invoice = [
        {"InvoiceID": "i1", **sale, **eur, **dates, **paid, "Total": 30.5, "Contact": ANNA},
        {"InvoiceID": "i2", **sale, **jpy, **dates, "Total": 1200.0, "Contact": COMPANY},
        {"InvoiceID": "i3", **sale, **eur, **dates, "Status": "VOIDED", "Total": 9.0},
        {"InvoiceID": "i4", "Type": "ACCPAY", **eur, **dates, "Total": 99.0},
        {"InvoiceID": "i5", **sale, **eur, "Status": "DRAFT", "Total": 5.0},
    ]
    invoice[2]["Contact"] = invoice[4]["Contact"] = {"ContactID": "c6"}
    credit = {"CreditNoteID": "n1", **note, **eur, "Total": 10.0, "Contact": ANNA}
    over = {"Type": "RECEIVE-OVERPAYMENT", **eur, "Total": 20.0, "Date": _day(5, 4)}
    before = {"Type": "SPEND-PREPAYMENT", **eur, "Total": 7.0, "Date": _day(5, 4)}
    payment = [
        {"PaymentID": "p1", "Invoice": {"InvoiceID": "i1"}, "Amount": 30.5, "Date": _day(5, 3)},
        {"PaymentID": "p2", "Invoice": {"InvoiceID": "i2"}, "Amount": 1200.0, "Date": _day(1, 3)},
        {"PaymentID": "p3", "Invoice": {"InvoiceID": "i4"}, "Amount": 99.0, "Date": _day(5, 3)},
        {"PaymentID": "p4", "CreditNote": {"CreditNoteID": "n1"}, "Amount": 10.0},
        {"PaymentID": "p5", "Overpayment": {"OverpaymentID": "o1"}, "Amount": 15.0},
        {"PaymentID": "p6", "Invoice": {"InvoiceID": "i2"}, "Amount": 1.0, "Status": "DELETED"},
    ]
    for row in payment[3:]:
        row["Date"] = _day(5, 9)
    found = [("contact", str(row["ContactID"]), row) for row in contact]
    found += [("invoice", str(row["InvoiceID"]), row) for row in invoice]
    found += [("payment", str(row["PaymentID"]), row) for row in payment]
    found += [("credit_note", "n1", credit)]
    found += [("overpayment", "o1", {"OverpaymentID": "o1", **over, "Contact": ANNA})]
    found += [("prepayment", "b1", {"PrepaymentID": "b1", **before, "Contact": COMPANY})]
    return found


def load(raw: Path, folder: Path) -> None:
    """Read a handful of records from a fake Xero into `raw`."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "xero.sqlite")
    store.set_now(NOW)
    for sort, (entity, id, body) in enumerate(_records(), start=1):
        full = {**body, "UpdatedDateUTC": ms_date(NOW)}
        store.put(Record("xero", entity, id, full, sort, 0.0, 0.0))
    with FakeServer(XeroFake(store)) as server:
        settings = {
            "base_url": f"{server.url}/api.xro/2.0",
            "identity_url": server.url,
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
            "refresh_token": "refresh-0",
            "tenant_id": TENANT,
        }
        read_source("xero", settings, raw, folder)
    store.close()


def _person(id: str, organisation: bool, email: str | None = None, **more: Any) -> dict[str, Any]:
    base = {"source_record_id": id, "is_organisation": organisation, "email_key": email}
    return {**base, "last_name": None, "foreign_record_id": None, "city": None, **more}


def _invoice(id: str, status: str, total: int, paid: int, currency: str = "EUR") -> dict[str, Any]:
    return {
        "source_invoice_id": id,
        "status": status,
        "total_minor": total,
        "paid_minor": paid,
        "currency_code": currency,
        "purpose": "other",
    }


def _payment(
    id: str, kind: str, who: str, amount: int, at: datetime, invoice: str | None = None
) -> dict[str, Any]:
    return {
        "source_payment_id": id,
        "kind": kind,
        "source_record_id": who,
        "amount_minor": amount,
        "occurred_at": at,
        "source_invoice_id": invoice,
        "parent_payment_id": None,
        "currency_code": "EUR",
    }


# Days begin at midnight in Berlin, which is 22:00 UTC of the day before in summer.
EXPECTED: dict[str, list[dict[str, Any]]] = {
    "people": [
        _person("c1", False, "anna@example.org", last_name="Example", city="Köln"),
        _person("c2", True, "office@example.com"),
        _person("c3", False, last_name="Example", foreign_record_id="c1"),
        _person("c6", True),
    ],
    "organisations": [
        {"source_organisation_id": "c2", "organisation_name": "Example Ltd"},
        {"source_organisation_id": "c6", "organisation_name": "Both Ltd"},
    ],
    "invoices": [
        _invoice("i1", "paid", 3050, 3050),
        _invoice("i2", "open", 1200, 0, "JPY"),
        _invoice("i3", "void", 900, 0),
        _invoice("i5", "draft", 500, 0),
    ],
    "payments": [
        _payment("p1", "payment", "c1", 3050, _at(5, 2, 22), "i1"),
        {
            **_payment("p2", "payment", "c2", 1200, _at(1, 2, 23), "i2"),
            "currency_code": "JPY",
        },
        _payment("p4", "refund", "c1", -1000, _at(5, 8, 22)),
        {
            **_payment("p5", "refund", "c1", -1500, _at(5, 8, 22)),
            "parent_payment_id": "o1",
        },
        _payment("o1", "payment", "c1", 2000, _at(5, 3, 22)),
    ],
}
