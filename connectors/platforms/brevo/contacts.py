"""Brevo's contacts as the protocol knows them.

Data flow: /contacts JSON -> `as_contact` -> PlatformContact.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.platforms.brevo.capabilities import CAPABILITIES
from connectors.platforms.protocol import PlatformContact, PlatformStatus


def as_contact(item: Mapping[str, Any], owned: Collection[int] | None) -> PlatformContact:
    """`owned`: ids of the lists whose leaving counts as an objection; None: all lists."""
    changed = str(item.get("modifiedAt") or "")
    attributes = item.get("attributes")
    return PlatformContact(
        contact_id=str(item.get("id") or ""),
        email=str(item.get("email") or ""),
        status=_status(item, owned),
        fields={name: str(value) for name, value in attributes.items()}
        if isinstance(attributes, Mapping)
        else {},
        changed_at=datetime.fromisoformat(changed).astimezone(UTC) if changed else None,
    )


def _status(item: Mapping[str, Any], owned: Collection[int] | None) -> PlatformStatus:
    blocked = item.get("emailBlacklisted")
    if not isinstance(blocked, bool):
        return "unknown"
    if blocked:
        return CAPABILITIES.statuses["blocklisted"]
    left = item.get("listUnsubscribed") or []
    if not isinstance(left, Sequence):
        return "unknown"
    if any(owned is None or number in owned for number in left):
        return CAPABILITIES.statuses["left a list"]
    return CAPABILITIES.statuses["allowed"]


def stamp(moment: datetime) -> str:
    """A moment as Brevo takes it, always with a time zone."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
