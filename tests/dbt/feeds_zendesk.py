"""Zendesk, read from its fake: people, organisations, cases with their steps, ratings."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.zendesk import ZendeskFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SOLVED = "2026-06-05T09:00:00Z"


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A time in June, naive UTC as the warehouse holds it."""
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def record(entity: str, number: int, made: datetime, changed: datetime, **body: Any) -> Record:
    created, updated = (moment.replace(tzinfo=UTC).timestamp() for moment in (made, changed))
    full = {"id": number, **body}
    return Record("zendesk", entity, str(number), full, number, created, updated)


def steps(ticket: int, *statuses: tuple[datetime, str]) -> list[Record]:
    """A ticket's changes of status, one ticket event each, with changes nobody asked about."""
    found, before = [], None
    for number, (moment, status) in enumerate(statuses):
        child = {"id": ticket * 100 + number, "status": status, "previous_value": before}
        other = {"id": ticket * 100 + 50 + number, "priority": "high", "previous_value": None}
        body = {"ticket_id": ticket, "child_events": [other, child]}
        found.append(record("ticket_event", ticket * 10 + number, moment, moment, **body))
        before = status
    return found


def records() -> list[Record]:
    anna = {"email": "anna@example.org", "phone": "+49 30 901820", "external_id": "17"}
    club = {"user_fields": {"member_no": "m-000 001"}, "organization_id": 5}
    minutes = {"first_resolution_time_in_minutes": {"calendar": 90, "business": 20}}
    return [
        record("user", 1, at(1), at(2), name="Anna Maria Example", **anna, **club),
        record("user", 2, at(1), at(1), name="Bo Agent", role="agent"),
        record("user", 3, at(1), at(3), name="Gone", active=False),
        record("organization", 5, at(1), at(1), name="Example Club"),
        record("organization", 6, at(1), at(2), name="Gone", deleted_at="2026-06-02T09:00:00Z"),
        record("ticket", 11, at(3), at(9), status="closed", requester_id=1, tags=["refund"]),
        *steps(
            11,
            (at(3), "new"),
            (at(4), "solved"),
            (at(5), "open"),
            (at(6), "solved"),
            (at(9), "closed"),
        ),
        record("ticket_metric", 11, at(3), at(9), reopens=7, **minutes),
        record("ticket", 12, at(3), at(5), status="solved", requester_id=1, type="question"),
        record("ticket_metric", 12, at(3), at(5), reopens=1, solved_at=SOLVED, **minutes),
        record("ticket", 13, at(7), at(7), status="pending", requester_id=1, type="incident"),
        *steps(13, (at(7), "new"), (at(7, 10), "pending")),
        record("ticket", 14, at(8), at(9), status="deleted", requester_id=1),
        record("satisfaction_rating", 21, at(6), at(7), score="good", requester_id=1, ticket_id=11),
        record("satisfaction_rating", 22, at(6), at(8), score="bad", requester_id=1, ticket_id=12),
        record("satisfaction_rating", 23, at(6), at(6), score="offered", requester_id=1),
    ]


def load(raw: Path, folder: Path) -> None:
    """Read the help desk above through the connector."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "zendesk.sqlite")
    store.set_now(NOW)
    store.put_many(records())
    settings = {
        "email": "admin@example.org",
        "api_token": "sandbox-zendesk-token",
        "case_types": {"tag:refund": "Refund"},
        "member_number_field": "member_no",
        "contact_id_field": "external_id",
    }
    with FakeServer(ZendeskFake(store)) as server:
        read_source("zendesk", {"base_url": server.url, **settings}, raw, folder)
    store.close()


EXPECTED: dict[str, list[dict[str, Any]]] = {
    "people": [
        {
            "source_record_id": "1",
            "record_kind": "contact",
            "foreign_source_system": "civicrm",
            "foreign_record_id": "17",
            "member_number": "M-000001",
            "first_name": "Anna Maria",
            "last_name": "Example",
            "email_key": "anna@example.org",
            "phone_e164": "+4930901820",
            "created_at": at(1),
            "updated_at": at(2),
        }
    ],
    "organisations": [
        {
            "source_organisation_id": "5",
            "organisation_name": "Example Club",
            "kind": "organisation",
            "created_at": at(1),
        }
    ],
    "cases": [
        {
            "source_case_id": "11",
            "source_record_id": "1",
            "case_type": "Refund",
            "received_at": at(3),
            "first_resolved_at": at(4),
            "last_resolved_at": at(6),
            "reopened_count": 1,
            "status": "resolved",
        },
        {
            "source_case_id": "12",
            "source_record_id": "1",
            "case_type": "question",
            "received_at": at(3),
            "first_resolved_at": at(3, 10, 30),
            "last_resolved_at": at(5),
            "reopened_count": 1,
            "status": "resolved",
        },
        {
            "source_case_id": "13",
            "source_record_id": "1",
            "case_type": "incident",
            "received_at": at(7),
            "first_resolved_at": None,
            "last_resolved_at": None,
            "reopened_count": 0,
            "status": "open",
        },
    ],
    "surveys": [
        {
            "source_response_id": "21",
            "source_record_id": "1",
            "survey_code": "csat",
            "score": Decimal(10),
            "responded_at": at(7),
        },
        {
            "source_response_id": "22",
            "source_record_id": "1",
            "survey_code": "csat",
            "score": Decimal(0),
            "responded_at": at(8),
        },
    ],
}
