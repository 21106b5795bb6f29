"""Tito as a feed: one event with a group booking, a single one, a refund and scans at the door."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.tito import TitoFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
_STAMPS = {"created_at": "2026-03-01T09:00:00.000Z", "updated_at": "2026-03-02T10:00:00.000Z"}
_PAID = {"state": "complete", "payment_complete": True, "payment_option_name": "Card"}


def _record(id: int, **fields: Any) -> dict[str, Any]:
    return {"id": id, **_STAMPS, "test_mode": False, **fields}


def _rows(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


_at = datetime.fromisoformat

# (entity, parent) -> records.
RECORDS: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("event", ""): [
        _record(1, slug="gala", title="Gala", currency="EUR", start_date="2026-06-01"),
        _record(
            2,
            slug="camp",
            title="Camp",
            currency="JPY",
            location="Osaka",
            start_date="2026-11-01",
            end_date="2026-11-03",
            archived=True,
        ),
        _record(3, slug="trial", title="Trial", start_date="2026-06-01", test_mode=True),
    ],
    ("registration", "gala"): [
        _record(
            1,
            **_PAID,
            name="Anna Maria Example",
            email="Anna@example.org",
            total=180.5,
            tickets_count=2,
            completed_at="2026-03-01T09:05:00.000Z",
        ),
        _record(2, name="Bo Sample", email="bo@example.net", tickets_count=1, free=True, **_PAID),
    ],
    ("registration", "camp"): [
        _record(
            3,
            **_PAID,
            name="Cleo",
            total=5000.0,
            tickets_count=1,
            cancelled=True,
            cancelled_at="2026-04-01T00:00:00.000Z",
        ),
    ],
    ("ticket", "gala"): [
        _record(1, state="complete", name="Anna Example", registration_id=1, price=90.25),
        _record(2, state="void", void=True, registration_id=1, price=90.25),
        _record(3, state="unassigned", name="", registration_id=2, price=0.0),
    ],
    ("ticket", "camp"): [
        _record(4, state="complete", registration_id=3, price=5000.0, release_archived=True),
    ],
    ("refund", "gala"): [
        _record(1, amount="-90.25", registration={"id": 1, "test_mode": False}),
    ],
    ("checkin_list", "gala"): [_record(1, slug="chk_front", title="Front")],
    ("checkin", "chk_front"): [
        _record(1, uuid="u1", ticket_id=1, created_at="2026-06-01T18:00:00.000Z"),
        _record(2, uuid="u2", ticket_id=1, created_at="2026-06-01T17:00:00.000Z"),
        _record(3, uuid="u3", ticket_id=3, deleted_at="2026-06-01T18:00:00.000Z"),
    ],
}


def load(raw: Path, folder: Path) -> None:
    """Read these records through the connector into raw."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "vendor.sqlite")
    store.set_now(NOW)
    for (entity, parent), bodies in RECORDS.items():
        for body in bodies:
            key = str(body["id"])
            store.put(Record("tito", entity, key, body, body["id"], 0, 0, parent or None))
    with FakeServer(TitoFake(store)) as server:
        settings = {"account": "example", "api_token": "sandbox-tito-token"}
        urls = {"base_url": server.url, "checkin_url": server.url}
        read_source("tito", {**settings, **urls}, raw, folder)
    store.close()


# Days begin at midnight in Berlin.
EXPECTED: dict[str, list[dict[str, Any]]] = {
    "events": _rows(
        "source_event_id event_name modality starts_at ends_at has_capture currency_code",
        ("1", "Gala", None, _at("2026-05-31 22:00"), _at("2026-06-01 22:00"), True, "EUR"),
        ("2", "Camp", "onsite", _at("2026-10-31 23:00"), _at("2026-11-03 23:00"), False, "JPY"),
    ),
    "people": _rows(
        "source_record_id record_kind first_name last_name email_key",
        ("registration-1", "customer", "Anna Maria", "Example", "anna@example.org"),
        ("registration-2", "customer", "Bo", "Sample", "bo@example.net"),
        ("registration-3", "customer", None, "Cleo", None),
        ("ticket-1", "attendee", "Anna", "Example", None),
        ("ticket-2", "attendee", None, None, None),
        ("ticket-3", "attendee", "Bo", "Sample", "bo@example.net"),
        ("ticket-4", "attendee", None, "Cleo", None),
    ),
    "registrations": _rows(
        "source_registration_id source_event_id source_record_id registrant_email_key status "
        "cancelled_at checked_in_at price_minor currency_code",
        (
            "1",
            "1",
            "ticket-1",
            "anna@example.org",
            "registered",
            None,
            _at("2026-06-01 17:00"),
            9025,
            "EUR",
        ),
        (
            "2",
            "1",
            "ticket-2",
            "anna@example.org",
            "cancelled",
            _at("2026-03-02 10:00"),
            None,
            9025,
            "EUR",
        ),
        ("3", "1", "ticket-3", "bo@example.net", "registered", None, None, 0, "EUR"),
        ("4", "2", "ticket-4", None, "cancelled", _at("2026-04-01"), None, 5000, "JPY"),
    ),
    "payments": _rows(
        "source_payment_id kind parent_payment_id amount_minor currency_code occurred_at method",
        ("registration-1", "payment", None, 18050, "EUR", _at("2026-03-01 09:05"), "Card"),
        ("registration-3", "payment", None, 5000, "JPY", _at("2026-03-01 09:00"), "Card"),
        ("refund-1", "refund", "registration-1", -9025, "EUR", _at("2026-03-01 09:00"), "Card"),
    ),
}
