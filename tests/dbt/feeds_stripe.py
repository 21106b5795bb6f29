"""Stripe, read from its fake: currencies without and with three decimals, subscriptions, disputes.

Minor units stay as Stripe sends them: 1250 is 12.50 EUR, 1250 JPY or 1.250 KWD.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.stripe import StripeFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def at(day: int) -> datetime:
    """Nine o'clock on a day in June, naive UTC as the warehouse holds it."""
    return datetime(2026, 6, day, 9, tzinfo=UTC).replace(tzinfo=None)


def unix(day: int) -> int:
    return int(at(day).replace(tzinfo=UTC).timestamp())


def record(entity: str, id: str, day: int, **body: Any) -> Record:
    full = {"id": id, "created": unix(day), **body}
    return Record("stripe", entity, id, full, day, float(unix(day)), float(unix(day)))


def records() -> list[Record]:
    paid = {"status": "paid", "status_transitions": {"paid_at": unix(4)}}
    yen = {"currency": "jpy", "customer": "cus_1"}
    dinar = {"currency": "kwd", "customer": "cus_1"}
    euro = {"currency": "eur", "customer": "cus_1"}
    dues, gift = {"metadata": {"purpose": "dues"}}, {"metadata": {"purpose": "donation"}}
    items = [{"unit_amount": 1250}]
    return [
        record("customer", "cus_1", 1, name="Anna Maria Example", email="anna@example.org"),
        record("subscription", "sub_1", 1, **yen, **dues, items=items),
        record("subscription", "sub_2", 1, **euro, items=items),
        record("subscription", "sub_3", 1, **euro, **dues, items=items, status="canceled"),
        record("invoice", "in_yen", 3, **yen, **paid, total=1250, subscription="sub_1"),
        record("invoice", "in_dinar", 3, **dinar, **paid, **gift, total=12_500),
        record("invoice", "in_euro", 3, **euro, status="open", total=1250, subscription="sub_2"),
        record("invoice", "in_late", 5, **euro, status="open", total=800, subscription="sub_3"),
        record("charge", "ch_yen", 4, **yen, amount=1250, invoice="in_yen"),
        record("charge", "ch_dinar", 4, **dinar, amount=12_500, invoice="in_dinar"),
        record("charge", "ch_late", 6, **euro, amount=800, status="failed", invoice="in_late"),
        record("refund", "re_dinar", 7, charge="ch_dinar", amount=1, currency="kwd"),
        record("dispute", "dp_yen", 8, charge="ch_yen", amount=1250, currency="jpy", status="lost"),
        record("dispute", "dp_won", 9, charge="ch_dinar", amount=5, currency="kwd", status="won"),
    ]


def load(raw: Path, folder: Path) -> None:
    """Read the account above through the connector."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "stripe.sqlite")
    store.set_now(NOW)
    store.put_many(records())
    with FakeServer(StripeFake(store)) as server:
        settings = {"base_url": server.url, "api_key": "sk_test_sandbox"}
        read_source("stripe", settings, raw, folder)
    store.close()


def invoice(id: str, day: int, purpose: str, currency: str, total: int, paid: int) -> Any:
    return {
        "source_invoice_id": id,
        "source_record_id": "cus_1",
        "purpose": purpose,
        "status": "paid" if paid else "open",
        "issued_at": at(day),
        "paid_at": at(4) if paid else None,
        "total_minor": total,
        "paid_minor": paid,
        "currency_code": currency,
    }


def payment(
    id: str, kind: str, day: int, amount: int, currency: str, purpose: str, **more: Any
) -> Any:
    return {
        "source_payment_id": id,
        "kind": kind,
        "source_record_id": "cus_1",
        "parent_payment_id": more.get("parent"),
        "amount_minor": amount,
        "attempted_minor": more.get("attempted"),
        "currency_code": currency,
        "occurred_at": at(day),
        "purpose": purpose,
    }


EXPECTED: dict[str, list[dict[str, Any]]] = {
    "people": [
        {
            "source_record_id": "cus_1",
            "record_kind": "customer",
            "first_name": "Anna Maria",
            "last_name": "Example",
            "email_key": "anna@example.org",
        }
    ],
    "invoices": [
        invoice("in_yen", 3, "dues", "JPY", 1250, 1250),
        invoice("in_dinar", 3, "donation", "KWD", 12_500, 12_500),
        invoice("in_euro", 3, "other", "EUR", 1250, 0),
        invoice("in_late", 5, "dues", "EUR", 800, 0),
    ],
    "payments": [
        payment("ch_yen", "payment", 4, 1250, "JPY", "dues"),
        payment("ch_dinar", "payment", 4, 12_500, "KWD", "donation"),
        payment("ch_late", "failed_charge", 6, 0, "EUR", "dues", attempted=800),
        payment("re_dinar", "refund", 7, -1, "KWD", "donation", parent="ch_dinar"),
        payment("dp_yen", "chargeback", 8, -1250, "JPY", "dues", parent="ch_yen"),
        payment("dp_won", "chargeback", 9, 0, "KWD", "donation", parent="ch_dinar"),
    ],
}
