"""GoCardless: a year of direct debits, good and bad, as people and payments."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from upstream import read_source

from connectors.testing.fakes.gocardless import GocardlessFake
from connectors.testing.fakes.gocardless_objects import act, save
from connectors.testing.server import FakeServer
from connectors.testing.store import RecordStore


def load(raw: Path, folder: Path) -> None:
    """Read a handful of customers and payments, then once more what happened to them later."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "vendor.sqlite")
    try:
        with FakeServer(GocardlessFake(store)) as server:
            settings = {"base_url": server.url, "access_token": "sandbox-gc-token"}
            _first(store)
            read_source("gocardless", settings, raw, folder)
            _later(store)
            read_source("gocardless", settings, raw, folder)
    finally:
        store.close()


def _on(store: RecordStore, month: int, day: int) -> None:
    store.set_now(datetime(2026, month, day, 8, 30, tzinfo=UTC))


def _pay(store: RecordStore, id: str, amount: int, **body: object) -> None:
    links = {"mandate": "MD1", **({"subscription": "SB1"} if body.pop("yearly", None) else {})}
    charged = store.now().date().isoformat()
    save(store, "payment", id, {"amount": amount, "charge_date": charged, "links": links, **body})
    act(store, "payment", id, "created")


def _first(store: RecordStore) -> None:
    _on(store, 1, 5)
    anna = {"given_name": "Anna", "family_name": "Example", "email": "Anna@Example.org"}
    save(store, "customer", "CU1", {**anna, "metadata": {"member_number": "m 1001"}})
    firm = {"company_name": "Example Ltd", "phone_number": "+49 30 1234567"}
    save(store, "customer", "CU2", {**firm, "metadata": {"civicrm_contact_id": "77"}})
    save(store, "mandate", "MD1", {"scheme": "sepa_core", "links": {"customer": "CU1"}})
    act(store, "mandate", "MD1", "active")
    yearly = {"amount": 6000, "metadata": {"purpose": "dues"}, "links": {"mandate": "MD1"}}
    save(store, "subscription", "SB1", yearly)
    _on(store, 2, 2)
    _pay(store, "PM1", 6000, yearly=True)
    _pay(store, "PM2", 1500, metadata={"purpose": "event"})
    _pay(store, "PM3", 900, currency="GBP")
    _pay(store, "PM4", 700)
    _pay(store, "PM5", 800)
    # Its events are from before they were kept.
    save(store, "payment", "PM0", {"amount": 100, "charge_date": "2024-01-02", "status": "failed"})


def _later(store: RecordStore) -> None:
    for id in ("PM1", "PM2", "PM3", "PM4"):
        act(store, "payment", id, "confirmed")
    _on(store, 2, 9)
    act(store, "payment", "PM1", "paid_out")
    act(store, "payment", "PM2", "charged_back", cause="refund_requested")
    act(store, "payment", "PM4", "failed", cause="insufficient_funds")
    act(store, "payment", "PM5", "failed", cause="insufficient_funds", will_attempt_retry=True)
    _on(store, 2, 16)
    act(store, "payment", "PM5", "resubmission_requested")
    act(store, "payment", "PM5", "confirmed")
    act(store, "payment", "PM3", "charged_back")
    act(store, "payment", "PM3", "chargeback_cancelled")
    save(store, "refund", "RF1", {"amount": 2000, "links": {"payment": "PM1"}})
    act(store, "refund", "RF1", "paid")
    save(store, "refund", "RF2", {"amount": 100, "links": {"payment": "PM1"}})
    act(store, "refund", "RF2", "failed")


_utc = datetime.fromisoformat  # naive, as the warehouse keeps it
_PAYMENT = {
    "source_record_id": "CU1",
    "parent_payment_id": None,
    "attempted_minor": None,
    "currency_code": "EUR",
    "method": "direct_debit",
    "purpose": "other",
}
# The account is debited on a day of the organisation's time zone, Europe/Berlin.
_CHARGED = _utc("2026-02-01 23:00")


def _row(id: str, kind: str, amount: int, at: datetime, **more: object) -> dict[str, object]:
    given = {"source_payment_id": id, "kind": kind, "amount_minor": amount, "occurred_at": at}
    return {**given, **_PAYMENT, **more}


EXPECTED = {
    "people": [
        {
            "source_record_id": "CU1",
            "record_kind": "customer",
            "member_number": "M1001",
            "foreign_record_id": None,
            "first_name": "Anna",
            "last_name": "Example",
            "email_key": "anna@example.org",
            "phone_e164": None,
            "is_organisation": False,
            "created_at": _utc("2026-01-05 08:30"),
        },
        {
            "source_record_id": "CU2",
            "record_kind": "customer",
            "member_number": None,
            "foreign_record_id": "77",
            "first_name": None,
            "last_name": None,
            "email_key": None,
            "phone_e164": "+49301234567",
            "is_organisation": True,
            "created_at": _utc("2026-01-05 08:30"),
        },
    ],
    "payments": [
        _row("PM1", "payment", 6000, _CHARGED, purpose="dues"),
        _row("PM2", "payment", 1500, _CHARGED, purpose="event"),
        _row(
            *("PM2-C", "chargeback", -1500, _utc("2026-02-09 08:30")),
            parent_payment_id="PM2",
            purpose="event",
        ),
        _row("PM3", "payment", 900, _CHARGED, currency_code="GBP"),
        _row("EV000013", "failed_charge", 0, _utc("2026-02-09 08:30"), attempted_minor=700),
        _row("EV000014", "failed_charge", 0, _utc("2026-02-09 08:30"), attempted_minor=800),
        _row("PM5", "payment", 800, _CHARGED),
        _row(
            *("PM0-F", "failed_charge", 0, _utc("2024-01-01 23:00")),
            source_record_id=None,
            attempted_minor=100,
        ),
        _row(
            *("RF1", "refund", -2000, _utc("2026-02-16 08:30")),
            parent_payment_id="PM1",
            purpose="dues",
        ),
    ],
}
