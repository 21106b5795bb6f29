"""CiviCRM's events and money, read from its fake; the other entities are the sandbox's.

The site is in Berlin and answers in local time. Its financial types are CiviCRM's own and one more.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.civicrm import CivicrmFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SECRET = {"api_key": "sandbox-civicrm-key"}
PURPOSES = {"Mitgliedsbeitrag": "dues"}
# What an attendance changes nothing about: modified and cancelled at noon in Berlin.
CHANGED = "2026-06-20 12:00:00"


def _put(store: RecordStore, entity: str, id: int, **body: Any) -> None:
    store.put(Record("civicrm", entity, str(id), {"id": id, **body}, id, 0.0, 0.0))


def _contacts(store: RecordStore) -> None:
    for id, name in ((1, "Anna"), (2, "Ben")):
        email = {"email_primary.email": f"{name.lower()}@example.org"}
        known = {"contact_type": "Individual", "first_name": name, "is_deleted": False}
        _put(store, "Contact", id, **known, **email, modified_date=CHANGED)


def _events(store: RecordStore) -> None:
    at = {"start_date": "2026-06-10 18:00:00", "end_date": None, "is_template": False}
    kind = {"event_type_id:name": "Workshop"}
    _put(store, "Event", 1, title="Held", is_active=True, currency="EUR", **at, **kind)
    _put(store, "Event", 2, title="Called off", is_active=False, currency="CHF", **at, **kind)
    _put(store, "Event", 3, title="Put away", is_active=False, currency="EUR", **at, **kind)
    _put(store, "Event", 4, title="Template", is_active=True, **{**at, "is_template": True})


def _participants(store: RecordStore) -> None:
    statuses = (
        (1, 1, "Attended", "Positive"),
        (2, 1, "No-show", "Negative"),
        (3, 1, "Cancelled", "Negative"),
        (4, 1, "Expired", "Negative"),
        (5, 1, "Pending from pay later", "Pending"),
        (6, 1, "Pending from incomplete transaction", "Pending"),
        (7, 1, "On waitlist", "Waiting"),
        (8, 2, "Storniert", "Negative"),
        (9, 3, "Attended", "Positive"),
        (10, 1, "Registered", "Positive"),
    )
    for id, event, name, group in statuses:
        status = {"status_id:name": name, "status_id.class": group}
        by = {"registered_by_id": 1} if id == 5 else {}
        dates = {"register_date": "2026-06-01 10:00:00", "modified_date": CHANGED}
        owner = {"contact_id": 1 if id == 1 else 2, "event_id": event, "is_test": id == 10}
        _put(store, "Participant", id, **owner, **status, **dates, **by, fee_amount="12.50")


def _contributions(store: RecordStore) -> None:
    rows: tuple[tuple[int, str, str, str, str | None, dict[str, Any]], ...] = (
        (1, "Completed", "60.00", "EUR", "Member Dues", {}),
        (2, "Refunded", "12.50", "EUR", "Event Fee", {"cancel_date": CHANGED}),
        (3, "Chargeback", "1500", "JPY", "Donation", {"cancel_date": CHANGED}),
        (4, "Failed", "60.00", "EUR", "Mitgliedsbeitrag", {}),
        (5, "Pending", "60.00", "EUR", "Member Dues", {}),
        (6, "Cancelled", "60.00", "EUR", "Member Dues", {}),
        (7, "Partially paid", "60.00", "EUR", "Grant", {"paid_amount": "20.00"}),
        (8, "Completed", "-5.00", "EUR", None, {}),
        (9, "Completed", "0.00", "EUR", "Member Dues", {}),
        (10, "Completed", "60.00", "EUR", "Member Dues", {"is_test": True}),
        (11, "Completed", "60.00", "EUR", "Member Dues", {"is_template": True}),
        (12, "Pending refund", "12.000", "KWD", "Event Fee", {}),
    )
    for id, status, amount, currency, kind, more in rows:
        names = {"contribution_status_id:name": status, "financial_type_id:name": kind}
        known = {"contact_id": 1, "receive_date": "2026-06-05 10:00:00", "modified_date": CHANGED}
        method = {"payment_instrument_id:name": "EFT", "is_test": False, "is_template": False}
        money = {"total_amount": amount, "currency": currency}
        _put(store, "Contribution", id, **{**known, **names, **method, **money, **more})


def load(raw: Path, folder: Path) -> None:
    """Read the site above through the connector."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "civicrm.sqlite")
    store.set_now(NOW)
    for fill in (_contacts, _events, _participants, _contributions):
        fill(store)
    with FakeServer(CivicrmFake(store)) as server:
        site = {"base_url": server.url, "site_timezone": "Europe/Berlin", "purposes": PURPOSES}
        read_source("civicrm", {**site, **SECRET}, raw, folder)
    store.close()


def _at(day: int, hour: int) -> datetime:
    """Naive UTC, as the warehouse holds it."""
    return datetime(2026, 6, day, hour, tzinfo=UTC).replace(tzinfo=None)


def _rows(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


_BEGIN, _BOOKED, _GONE, _PAID = _at(10, 16), _at(1, 8), _at(20, 10), _at(5, 8)
_ANNA, _BEN = "anna@example.org", "ben@example.org"

EXPECTED: dict[str, list[dict[str, Any]]] = {
    "events": _rows(
        "source_event_id event_name event_kind starts_at ends_at has_capture is_cancelled"
        " currency_code",
        ("1", "Held", "workshop", _BEGIN, _BEGIN, True, False, "EUR"),
        ("2", "Called off", "workshop", _BEGIN, _BEGIN, False, True, "CHF"),
        ("3", "Put away", "workshop", _BEGIN, _BEGIN, True, False, "EUR"),
    ),
    "registrations": _rows(
        "source_registration_id source_event_id source_record_id registrant_email_key"
        " registered_at cancelled_at status checked_in_at price_minor currency_code",
        ("1", "1", "1", _ANNA, _BOOKED, None, "registered", _BEGIN, 1250, "EUR"),
        ("2", "1", "2", _BEN, _BOOKED, None, "registered", None, 1250, "EUR"),
        ("3", "1", "2", _BEN, _BOOKED, _GONE, "cancelled", None, 1250, "EUR"),
        ("4", "1", "2", _BEN, _BOOKED, None, "expired", None, 1250, "EUR"),
        ("5", "1", "2", _ANNA, _BOOKED, None, "registered", None, 1250, "EUR"),
        ("8", "2", "2", _BEN, _BOOKED, _GONE, "cancelled", None, 1250, "CHF"),
        ("9", "3", "2", _BEN, _BOOKED, None, "registered", _BEGIN, 1250, "EUR"),
    ),
    "payments": _rows(
        "source_payment_id kind source_record_id parent_payment_id amount_minor attempted_minor"
        " currency_code occurred_at method purpose",
        ("1", "payment", "1", None, 6000, None, "EUR", _PAID, "eft", "dues"),
        ("2", "payment", "1", None, 1250, None, "EUR", _PAID, "eft", "event"),
        ("2-R", "refund", "1", "2", -1250, None, "EUR", _GONE, "eft", "event"),
        ("3", "payment", "1", None, 1500, None, "JPY", _PAID, "eft", "donation"),
        ("3-R", "chargeback", "1", "3", -1500, None, "JPY", _GONE, "eft", "donation"),
        ("4", "failed_charge", "1", None, 0, 6000, "EUR", _PAID, "eft", "dues"),
        ("7", "payment", "1", None, 2000, None, "EUR", _PAID, "eft", "other"),
        ("8", "refund", "1", None, -500, None, "EUR", _PAID, "eft", "other"),
        ("12", "payment", "1", None, 12000, None, "KWD", _PAID, "eft", "event"),
    ),
}
