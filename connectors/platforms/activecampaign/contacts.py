"""ActiveCampaign's contacts as the protocol knows them.

Data flow: contact with its list statuses -> `as_contact` -> PlatformContact with a status of ours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from connectors.platforms.activecampaign.capabilities import CAPABILITIES
from connectors.platforms.protocol import PlatformContact, PlatformStatus

Heeded = Literal["any"] | Collection[int]


def as_contact(item: Mapping[str, Any], heeded: Heeded) -> PlatformContact:
    """`heeded`: ids of the lists whose statuses count; "any": all of them."""
    fields = {name: item.get(name) for name in ("firstName", "lastName")}
    return PlatformContact(
        contact_id=str(item.get("id") or ""),
        email=str(item.get("email") or ""),
        status=_status(item, heeded),
        fields={name: str(value) for name, value in fields.items() if value},
        changed_at=_changed(item),
    )


def tag_links(item: Mapping[str, Any], tag_id: str) -> list[str]:
    """Ids of the links between a contact and a tag: what is deleted to take the tag off."""
    rows = item.get("contactTags") or []
    return [str(row.get("id")) for row in rows if str(row.get("tag")) == tag_id]


def _status(item: Mapping[str, Any], heeded: Heeded) -> PlatformStatus:
    """The strictest of what the lists say; a word that is not known counts as no consent."""
    rows = item.get("contactLists")
    if not isinstance(rows, list) or not isinstance(item.get("bounced_hard"), str):
        return "unknown"
    counted = [row for row in rows if heeded == "any" or _number(row) in heeded]
    words = [CAPABILITIES.statuses.get(str(row.get("status")), "unknown") for row in counted]
    if item["bounced_hard"] not in ("", "0"):
        words.append("cleaned")
    strictest: tuple[PlatformStatus, ...] = ("unsubscribed", "cleaned", "unknown", "subscribed")
    for word in strictest:
        if word in words:
            return word
    return "pending" if words else CAPABILITIES.statuses["no list"]


def _number(row: Mapping[str, Any]) -> int:
    text = str(row.get("list") or "")
    return int(text) if text.isdigit() else 0


def _changed(item: Mapping[str, Any]) -> datetime | None:
    """The newest of the times of the contact and of its list statuses."""
    told = [item.get("udate"), *(row.get("udate") for row in item.get("contactLists") or [])]
    times = [datetime.fromisoformat(str(text)) for text in told if text]
    known = [at.astimezone(UTC) for at in times if at.tzinfo is not None]
    return max(known) if known else None
