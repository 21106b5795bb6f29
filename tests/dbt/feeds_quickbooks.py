"""QuickBooks: persons and companies, an invoice paid in two parts, credits that move nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.quickbooks import REALM, QuickbooksFake, qbo_time
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def _at(month: int, day: int, hour: int) -> datetime:
    """A naive UTC moment, as the warehouse keeps them."""
    return datetime(2026, month, day, hour, tzinfo=UTC).replace(tzinfo=None)


def _against(*links: tuple[str, str, float]) -> list[dict[str, Any]]:
    return [{"Amount": part, "LinkedTxn": [{"TxnType": k, "TxnId": id}]} for k, id, part in links]


def _records() -> list[tuple[str, dict[str, Any]]]:
    anna = {"GivenName": "Anna", "FamilyName": "Example"}
    mail = {"PrimaryEmailAddr": {"Address": "Anna@Example.org"}}
    phone = {"PrimaryPhone": {"FreeFormNumber": "+49 171 1234567"}, "BillAddr": {"City": "Köln"}}
    one, two = {"CustomerRef": {"value": "1"}}, {"CustomerRef": {"value": "2"}}
    may, june = {"TxnDate": "2026-05-01"}, {"TxnDate": "2026-06-02"}
    kwd, check = {"CurrencyRef": {"value": "KWD"}}, {"PaymentMethodRef": {"name": "Check"}}
    paid, void = {"TotalAmt": 30.5, "Balance": 0}, {"TotalAmt": 0, "Balance": 0}
    part = _against(("Invoice", "1", 20.5))
    rest = _against(("Invoice", "1", 10.0), ("Invoice", "9", 2.0))
    credit = _against(("Invoice", "2", 0.2345), ("CreditMemo", "1", 0.2345))
    return [
        ("Customer", {"Id": "1", "DisplayName": "Anna Example", **anna, **mail, **phone}),
        ("Customer", {"Id": "2", "DisplayName": "Example Ltd", **anna, "CompanyName": "Example"}),
        ("Customer", {"Id": "3", "DisplayName": "Unknown", "Active": False}),
        ("Invoice", {"Id": "1", **one, **may, "DueDate": "2026-07-01", **paid}),
        ("Invoice", {"Id": "2", **two, **may, **kwd, "TotalAmt": 1.2345, "Balance": 1.0}),
        ("Invoice", {"Id": "3", **two, **may, **void, "PrivateNote": "Voided"}),
        ("Payment", {"Id": "1", **one, **may, "TotalAmt": 20.5, "Line": part}),
        ("Payment", {"Id": "2", **one, **june, **check, "TotalAmt": 12.0, "Line": rest}),
        ("Payment", {"Id": "3", **two, **june, "TotalAmt": 0, "Line": credit}),
        ("CreditMemo", {"Id": "1", **two, **june, "TotalAmt": 0.2345}),
        ("SalesReceipt", {"Id": "1", **two, **june, **kwd, "TotalAmt": 0.5}),
        ("RefundReceipt", {"Id": "1", **one, **june, "TotalAmt": 5.25}),
        ("RefundReceipt", {"Id": "2", **one, **june, **void, "PrivateNote": "Voided"}),
    ]


def load(raw: Path, folder: Path) -> None:
    """Read a handful of records from a fake QuickBooks into `raw`."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "quickbooks.sqlite")
    store.set_now(NOW)
    times = {"CreateTime": qbo_time(NOW), "LastUpdatedTime": qbo_time(NOW)}
    for sort, (entity, body) in enumerate(_records(), start=1):
        full = {**body, "MetaData": times}
        store.put(Record("quickbooks", entity, str(body["Id"]), full, sort, 0.0, 0.0))
    with FakeServer(QuickbooksFake(store)) as server:
        settings = {
            "base_url": server.url,
            "identity_url": server.url,
            "realm_id": REALM,
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
            "refresh_token": "refresh-0",
        }
        read_source("quickbooks", settings, raw, folder)
    store.close()


def _person(id: str, organisation: bool, **more: Any) -> dict[str, Any]:
    base = {"source_record_id": id, "is_organisation": organisation, "email_key": None}
    return {**base, "last_name": None, "phone_e164": None, "city": None, **more}


def _invoice(id: str, status: str, total: int, paid: int, **more: Any) -> dict[str, Any]:
    return {
        "source_invoice_id": id,
        "status": status,
        "total_minor": total,
        "paid_minor": paid,
        "currency_code": "EUR",
        "issued_at": _at(4, 30, 22),
        "paid_at": None,
        **more,
    }


def _payment(id: str, kind: str, who: str, amount: int, **more: Any) -> dict[str, Any]:
    return {
        "source_payment_id": id,
        "kind": kind,
        "source_record_id": who,
        "amount_minor": amount,
        "currency_code": "EUR",
        "occurred_at": _at(6, 1, 22),
        "source_invoice_id": None,
        "method": None,
        **more,
    }


# Days begin at midnight in Berlin, which is 22:00 UTC of the day before in summer.
EXPECTED: dict[str, list[dict[str, Any]]] = {
    "people": [
        _person(
            "1",
            False,
            email_key="anna@example.org",
            last_name="Example",
            phone_e164="+491711234567",
            city="Köln",
        ),
        _person("2", True),
        _person("3", True),
    ],
    "organisations": [
        {"source_organisation_id": "2", "organisation_name": "Example Ltd"},
        {"source_organisation_id": "3", "organisation_name": "Unknown"},
    ],
    "invoices": [
        _invoice("1", "paid", 3050, 3050, paid_at=_at(6, 1, 22)),
        _invoice("2", "open", 1235, 235, currency_code="KWD"),
        _invoice("3", "void", 0, 0),
    ],
    "payments": [
        _payment(
            "payment-1", "payment", "1", 2050, occurred_at=_at(4, 30, 22), source_invoice_id="1"
        ),
        _payment("payment-2", "payment", "1", 1200, method="check"),
        _payment("sales-receipt-1", "payment", "2", 500, currency_code="KWD"),
        _payment("refund-receipt-1", "refund", "1", -525),
    ],
}
