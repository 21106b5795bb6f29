"""What Eventbrite's records mean: a paid order, a refund seen later, a check-in, a free ticket."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.eventbrite import EventbriteFake
from connectors.testing.fakes.eventbrite_records import money, when
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

SETTINGS = {"private_token": "sandbox-eventbrite-token", "organization_id": "4711"}
MARCH, APRIL, MAY = "2026-03-02T09:00:00Z", "2026-04-03T09:00:00Z", "2026-05-04T07:00:00Z"
ANNA = {"name": "Anna Example", "first_name": "Anna", "last_name": "Example"}
UNKNOWN = {"first_name": "Info Requested", "last_name": "Info Requested"}


def load(raw: Path, folder: Path) -> None:
    """Two readings: in the second one a ticket was refunded and another one scanned."""
    folder.mkdir(parents=True)
    store = RecordStore(folder / "vendor.sqlite")
    store.set_now(datetime(2026, 6, 30, 12, tzinfo=UTC))
    with FakeServer(EventbriteFake(store)) as server:
        settings = {**SETTINGS, "base_url": server.url}
        _first(store)
        read_source("eventbrite", settings, raw, folder)
        _second(store)
        read_source("eventbrite", settings, raw, folder)
    store.close()


def _first(store: RecordStore) -> None:
    times = {"start": when("2026-05-04T08:00:00Z"), "end": when("2026-05-04T16:00:00Z")}
    congress = {"name": "Congress", "status": "completed", "currency": "EUR", **times}
    webinar = {"name": "Evening", "status": "canceled", "online_event": True, **times}
    _put(store, "event", 1, MARCH, **congress)
    _put(store, "event", 2, MARCH, **webinar)
    _put(store, "event", 3, MARCH, **{**congress, "status": "draft"})
    paid = {"costs": {"gross": money(9000, "EUR")}}
    _put(
        store,
        "order",
        10,
        MARCH,
        event_id="1",
        status="placed",
        email="anna@example.org",
        **paid,
        **ANNA,
    )
    _put(
        store,
        "order",
        11,
        MARCH,
        event_id="2",
        status="placed",
        email="ben@example.org",
        name="Ben Example",
    )
    _put(
        store,
        "order",
        12,
        MARCH,
        event_id="1",
        status="abandoned",
        email="cleo@example.org",
        **paid,
    )
    ticket = {"event_id": "1", "order_id": "10", "costs": {"gross": money(4500, "EUR")}}
    _put(store, "attendee", 20, MARCH, **ticket, profile={**ANNA, "email": "anna@example.org"})
    _put(store, "attendee", 21, MARCH, **ticket, profile=UNKNOWN)
    _put(store, "attendee", 22, MARCH, event_id="2", order_id="11", profile={"name": "Ben Example"})


def _second(store: RecordStore) -> None:
    used = [{"status": "used", "changed": "2026-05-04T07:55:00Z"}]
    _put(store, "attendee", 20, MAY, checked_in=True, barcodes=used)
    # The service may lower amounts after a refund: what it told before must count.
    left = {"cancelled": True, "refunded": True, "costs": {"gross": money(0, "EUR")}}
    _put(store, "attendee", 21, APRIL, **left)
    _put(store, "order", 10, APRIL, costs={"gross": money(4500, "EUR")})


def _put(store: RecordStore, entity: str, number: int, changed: str, **body: Any) -> None:
    """Store a record, or give a known one these values."""
    known = store.get("eventbrite", entity, str(number))
    full = {"id": str(number), "created": MARCH, **(known.body if known else {}), **body}
    full["changed"] = changed
    store.put(Record("eventbrite", entity, str(number), full, number, 0.0, 0.0))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


EXPECTED: dict[str, list[dict[str, Any]]] = {
    "events": [
        {
            "source_event_id": id,
            "event_name": name,
            "modality": modality,
            "starts_at": _at("2026-05-04T08:00:00Z"),
            "has_capture": scanned,
            "is_cancelled": cancelled,
            "currency_code": "EUR",
        }
        for id, name, modality, scanned, cancelled in (
            ("1", "Congress", "onsite", True, False),
            ("2", "Evening", "online", False, True),
        )
    ],
    "people": [
        {
            "source_record_id": id,
            "record_kind": kind,
            "first_name": first,
            "last_name": last,
            "email_key": email,
        }
        for id, kind, first, last, email in (
            ("attendee-20", "attendee", "Anna", "Example", "anna@example.org"),
            ("attendee-21", "attendee", None, None, None),
            ("attendee-22", "attendee", "Ben", "Example", "ben@example.org"),
            ("order-10", "customer", "Anna", "Example", "anna@example.org"),
        )
    ],
    "registrations": [
        {
            "source_registration_id": id,
            "source_event_id": event,
            "source_record_id": f"attendee-{id}",
            "registrant_email_key": email,
            "registered_at": _at(MARCH),
            "status": status,
            "cancelled_at": left,
            "checked_in_at": came,
            "price_minor": price,
        }
        for id, event, email, status, left, came, price in (
            ("20", "1", "anna@example.org", "registered", None, _at("2026-05-04T07:55:00Z"), 4500),
            ("21", "1", "anna@example.org", "cancelled", _at(APRIL), None, 4500),
            ("22", "2", "ben@example.org", "registered", None, None, 0),
        )
    ],
    "payments": [
        {
            "source_payment_id": id,
            "kind": kind,
            "source_record_id": "order-10",
            "parent_payment_id": parent,
            "amount_minor": amount,
            "currency_code": "EUR",
            "occurred_at": _at(moment),
            "purpose": "event",
        }
        for id, kind, parent, amount, moment in (
            ("order-10", "payment", None, 9000, MARCH),
            ("refund-21", "refund", "order-10", -4500, APRIL),
        )
    ],
}
