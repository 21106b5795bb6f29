"""Mautic's contacts as the protocol knows them.

Data flow: contacts with their doNotContact entries -> PlatformContact with a status of ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.platforms.mautic.capabilities import CAPABILITIES
from connectors.platforms.protocol import PlatformContact, PlatformStatus

_STRICTEST: tuple[PlatformStatus, ...] = ("unsubscribed", "cleaned", "unknown", "subscribed")


def as_contact(item: Mapping[str, Any]) -> PlatformContact:
    values = _values(item)
    return PlatformContact(
        contact_id=str(item.get("id") or ""),
        email=str(values.get("email") or ""),
        status=_status(item),
        fields={name: str(value) for name, value in values.items() if value not in (None, "")},
        changed_at=_changed(item),
    )


def strictest(contacts: Sequence[PlatformContact]) -> PlatformContact:
    """The oldest of the contacts with one address, with the strictest of their statuses."""
    statuses = {contact.status for contact in contacts}
    oldest = min(contacts, key=lambda contact: int(contact.contact_id))
    status = next(status for status in _STRICTEST if status in statuses)
    times = [contact.changed_at for contact in contacts]
    known = [time for time in times if time is not None]
    # A time that is not told may be any time.
    return replace(
        oldest, status=status, changed_at=max(known) if len(known) == len(times) else None
    )


def by_address(contacts: Iterable[PlatformContact]) -> dict[str, list[PlatformContact]]:
    """By lower-case address; visitors without one are left out."""
    found: dict[str, list[PlatformContact]] = defaultdict(list)
    for contact in contacts:
        if contact.email:
            found[contact.email.lower()].append(contact)
    return dict(found)


def _values(item: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = item.get("fields")
    values = fields.get("all") if isinstance(fields, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _objections(item: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """The entries of the channel email; None when the answer does not show any."""
    entries = item.get("doNotContact")
    if isinstance(entries, Mapping):  # PHP writes a list with gaps as an object
        entries = list(entries.values())
    if not isinstance(entries, list):
        return None
    return [one for one in entries if isinstance(one, Mapping) and one.get("channel") == "email"]


def _status(item: Mapping[str, Any]) -> PlatformStatus:
    entries = _objections(item)
    if entries is None:
        return "unknown"
    known = CAPABILITIES.statuses
    words = {known.get(str(one.get("reason")), "unknown") for one in entries} or {known["none"]}
    return next((status for status in _STRICTEST if status in words), "unknown")


def _changed(item: Mapping[str, Any]) -> datetime | None:
    """The newest time told; None when an objection does not tell its own."""
    entries = _objections(item) or []
    if any(not one.get("dateAdded") for one in entries):
        return None
    told = [item.get("dateAdded"), item.get("dateModified"), *(o["dateAdded"] for o in entries)]
    times = [datetime.fromisoformat(str(text)) for text in told if text]
    known = [at.astimezone(UTC) for at in times if at.tzinfo is not None]
    return max(known) if known and len(known) == len(times) else None
