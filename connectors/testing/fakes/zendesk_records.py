"""Completes stored Zendesk records to objects as the API sends them.

Data flow: record of the store -> complete() -> JSON object.

The store holds the fields that matter here; the other fields of the documented JSON formats
(Tickets, Ticket Metrics, Users, Organizations, Satisfaction Ratings) are added with neutral values,
and those times that follow from the record's own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.testing.store import Record

Body = dict[str, Any]

_NOTHING = dict.fromkeys
_DEFAULTS: dict[str, Body] = {
    "ticket": {
        **_NOTHING(("type", "priority", "custom_status_id", "requester_id", "submitter_id")),
        **_NOTHING(("assignee_id", "group_id", "organization_id", "brand_id", "ticket_form_id")),
        **_NOTHING(("external_id", "satisfaction_rating", "recipient")),
        **_NOTHING(("subject", "raw_subject", "description"), ""),
        **_NOTHING(("tags", "fields", "custom_fields"), ()),
        "status": "new",
        "via": {"channel": "web", "source": {}},
        "is_public": True,
    },
    "ticket_metric": {
        **_NOTHING(("reopens", "replies", "group_stations"), 0),
        "solved_at": None,
        "first_resolution_time_in_minutes": {"calendar": None, "business": None},
        "full_resolution_time_in_minutes": {"calendar": None, "business": None},
    },
    "ticket_event": {"via": "Web form", "updater_id": None, "system": {}, "child_events": []},
    "user": {
        **_NOTHING(("email", "phone", "organization_id", "external_id", "photo", "signature")),
        **_NOTHING(("name", "notes", "details"), ""),
        "role": "end-user",
        "active": True,
        "suspended": False,
        "tags": [],
        "user_fields": {},
    },
    "organization": {
        **_NOTHING(("external_id", "deleted_at")),
        **_NOTHING(("name", "notes", "details"), ""),
        **_NOTHING(("domain_names", "tags"), ()),
        "organization_fields": {},
    },
    "satisfaction_rating": {
        **_NOTHING(("comment", "reason", "reason_code")),
        **_NOTHING(("ticket_id", "requester_id", "assignee_id", "group_id")),
        "score": "offered",
    },
}


def complete(record: Record) -> Body:
    """The object of the API; a deleted ticket's texts are scrubbed."""
    made, changed = _iso(record.created), _iso(record.updated)
    body: Body = {"created_at": made, **_DEFAULTS[record.entity], **record.body}
    if record.entity == "ticket_event":
        body["created_at"] = changed
        body["timestamp"] = int(record.updated)
    else:
        body.setdefault("updated_at", changed)
    if record.entity == "ticket":
        body["generated_timestamp"] = int(record.updated)
        if body["status"] == "deleted":
            body |= {"subject": "SCRUBBED", "raw_subject": "SCRUBBED", "description": "SCRUBBED"}
    if record.entity == "ticket_metric":
        body["ticket_id"] = int(record.id)
    return body


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
