"""Action Network's feed: a supporter who gave, signed and came, and addresses that must rest.

Data flow: records -> ActionNetworkFake -> real connector -> raw -> staging, compared with EXPECTED.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.actionnetwork import ActionNetworkFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

KIND = "actionnetwork"
AT = "2026-05-04T08:00:00Z"


def load(raw: Path, folder: Path) -> None:
    """Read one group."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "vendor.sqlite")
    try:
        _fill(store)
        with FakeServer(ActionNetworkFake(store)) as server:
            settings = {
                "base_url": server.url,
                "api_token": "sandbox-action-key",
                "custom_fields": {"member_number": "Member No"},
                "foreign_systems": {"crm": "civicrm"},
            }
            read_source(KIND, settings, raw, folder)
    finally:
        store.close()


def _fill(store: RecordStore) -> None:
    def put(entity: str, id: str, parent: str | None = None, **body: Any) -> None:
        dates = {"created_date": AT, "modified_date": AT}
        whole = {"identifiers": [f"action_network:{id}"], **dates, **body}
        store.put(Record(KIND, entity, id, whole, 1, 0.0, 0.0, parent))

    def email(address: str, status: str) -> dict[str, Any]:
        return {"email_addresses": [{"primary": True, "address": address, "status": status}]}

    anna = {"given_name": "Anna", "family_name": "Example", "custom_fields": {"Member No": "m 1"}}
    own = {"identifiers": ["crm:77", "action_network:p1"]}
    phone = [{"primary": True, "number": "12025550100", "status": "unsubscribed"}]
    put("person", "p1", **anna, **own, phone_numbers=phone, **email("a@example.org", "subscribed"))
    put("person", "p2", **email("b@example.org", "previous spam complaint"))
    put("person", "p3", **email("c@example.org", "bouncing"))
    put("person", "p4", **email("d@example.org", "unsubscribed"))
    put("event", "e1", title="March", start_date="2026-06-01T16:00:00Z", status="cancelled")
    who = {"action_network:person_id": "p1"}
    for id, status in (("t1", "accepted"), ("t2", "declined"), ("t3", "needs action")):
        put("attendance", id, "e1", status=status, **who)
    recurring = {"action_network:recurrence": {"recurring": True, "period": "Monthly"}}
    card = {"payment": {"method": "Credit Card"}, "currency": "USD", "amount": "20.01"}
    put("donation", "d1", **card, **recurring, **who)
    for parent, entity, id in (
        ("petition", "signature", "s1"),
        ("form", "submission", "s2"),
        ("advocacy_campaign", "outreach", "s3"),
    ):
        put(parent, f"x-{id}")
        put(entity, id, f"x-{id}", **who)


def _rows(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


# The warehouse keeps naive UTC.
_AT = datetime(2026, 5, 4, 8, tzinfo=UTC).replace(tzinfo=None)
_EVENT = datetime(2026, 6, 1, 16, tzinfo=UTC).replace(tzinfo=None)

EXPECTED: dict[str, list[dict[str, Any]]] = {
    "people": _rows(
        "source_record_id is_member_bearing foreign_source_system foreign_record_id member_number"
        " first_name email_key phone_e164 updated_at",
        *(
            ("p1", True, "civicrm", "77", "M1", "Anna", "a@example.org", "+12025550100", _AT),
            ("p2", False, None, None, None, None, "b@example.org", None, _AT),
            ("p3", False, None, None, None, None, "c@example.org", None, _AT),
            ("p4", False, None, None, None, None, "d@example.org", None, _AT),
        ),
    ),
    "events": _rows(
        "source_event_id event_name starts_at ends_at has_capture is_cancelled",
        ("e1", "March", _EVENT, _EVENT, False, True),
    ),
    "registrations": _rows(
        "source_registration_id source_event_id source_record_id registrant_email_key status"
        " cancelled_at",
        ("t1", "e1", "p1", "a@example.org", "registered", None),
        ("t2", "e1", "p1", "a@example.org", "cancelled", _AT),
    ),
    "payments": _rows(
        "source_payment_id kind source_record_id amount_minor currency_code method purpose",
        ("d1", "payment", "p1", 2001, "USD", "credit card", "donation"),
    ),
    "consents": _rows(
        "source_consent_id channel status reason",
        ("p1-sms", "sms", "suppressed", "unsubscribed"),
        ("p2-email", "email", "suppressed", "complaint"),
        ("p3-email", "email", "suppressed", "hard_bounce"),
        ("p4-email", "email", "suppressed", "unsubscribed"),
    ),
    "activities": _rows(
        "source_activity_id source_record_id activity occurred_at",
        ("petition_signed-s1", "p1", "petition_signed", _AT),
        ("form_submitted-s2", "p1", "form_submitted", _AT),
        ("letter_sent-s3", "p1", "letter_sent", _AT),
    ),
}
