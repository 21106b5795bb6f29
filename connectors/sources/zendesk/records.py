"""What of a Zendesk record is landed.

Data flow: record of an answer -> shaped() -> rows.

Zendesk lets nobody choose fields. Only the fields named here go on: subjects, descriptions,
comments, custom fields, notes and tags nobody allowed never reach landing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.sources.zendesk.settings import ZendeskSettings

Row = dict[str, Any]

_KEPT: Mapping[str, tuple[str, ...]] = {
    "ticket": (
        *("id", "status", "custom_status_id", "priority", "type", "ticket_form_id", "brand_id"),
        *("requester_id", "organization_id", "assignee_id", "group_id"),
        *("created_at", "updated_at", "generated_timestamp"),
    ),
    "ticket_metric": (
        *("ticket_id", "reopens", "replies", "solved_at", "updated_at"),
        *("first_resolution_time_in_minutes", "full_resolution_time_in_minutes"),
    ),
    "user": (
        *("id", "name", "email", "phone", "role", "organization_id", "suspended"),
        *("created_at", "updated_at"),
    ),
    "organization": ("id", "name", "external_id", "created_at", "updated_at"),
    "satisfaction_rating": (
        *("id", "ticket_id", "requester_id", "assignee_id", "group_id", "score", "reason_code"),
        *("created_at", "updated_at"),
    ),
}


def shaped(stream: str, record: Row, settings: ZendeskSettings) -> list[Row]:
    """The stream's rows of one record: usually one, of a ticket event one per changed status."""
    if stream == "ticket_event":
        return _status_steps(record)
    row = {key: record[key] for key in _KEPT[stream] if key in record}
    if stream == "ticket":
        row |= _of_ticket(record, settings)
    elif stream == "user":
        row |= _of_user(record, settings)
    elif stream == "organization":
        row["deleted"] = record.get("deleted_at") is not None
    return [row]


def metric_rows(records: list[Row], sets: list[Row]) -> list[Row]:
    """The metrics of a page of tickets, sent beside them or inside each of them."""
    inside = [{**r["metric_set"], "ticket_id": r["id"]} for r in records if r.get("metric_set")]
    kept = _KEPT["ticket_metric"]
    return [{key: found[key] for key in kept if key in found} for found in (*sets, *inside)]


def case_type(ticket: Row, rules: Mapping[str, str]) -> str | None:
    """The type by the first rule that fits, else the ticket's own; both may be missing."""
    tags = ticket.get("tags") or []
    holds = {f"form:{ticket.get('ticket_form_id')}", f"type:{ticket.get('type')}"}
    holds |= {f"tag:{tag}" for tag in tags}
    return next((name for rule, name in rules.items() if rule in holds), ticket.get("type"))


def _of_ticket(record: Row, settings: ZendeskSettings) -> Row:
    tags = record.get("tags") or []
    return {
        "case_type": case_type(record, settings.case_types),
        "tags": [tag for tag in tags if tag in settings.tags],
        "via_channel": (record.get("via") or {}).get("channel"),
        "satisfaction_score": (record.get("satisfaction_rating") or {}).get("score"),
        "deleted": record.get("status") == "deleted",
    }


def _of_user(record: Row, settings: ZendeskSettings) -> Row:
    contact_id = _field(record, settings.contact_id_field)
    return {
        "member_number": _field(record, settings.member_number_field),
        "contact_id": contact_id,
        "contact_system": settings.contact_system if contact_id else None,
        "deleted": record.get("active") is False,
    }


def _field(user: Row, name: str | None) -> str | None:
    """A user's value in the configured field, as text without spaces around; None when empty."""
    if name is None:
        return None
    fields = user if name == "external_id" else user.get("user_fields") or {}
    value = fields.get(name)
    return (str(value).strip() or None) if value is not None else None


def _status_steps(event: Row) -> list[Row]:
    return [
        {
            "id": child["id"],
            "ticket_id": event["ticket_id"],
            "status": child["status"],
            "previous_status": child.get("previous_value"),
            "created_at": event["created_at"],
        }
        for child in event.get("child_events") or ()
        if child.get("status") is not None and "id" in child
    ]
