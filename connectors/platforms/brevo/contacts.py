"""Brevo's contacts as the protocol knows them, what is known of them, and values without commands.

Data flow: /contacts JSON -> `as_contact` -> PlatformContact -> KnownContacts -> who may be added.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import JourneyConnectorError, RateLimited, RetryableError
from connectors.platforms.brevo.api import BrevoRefusalError
from connectors.platforms.brevo.capabilities import CAPABILITIES
from connectors.platforms.protocol import PlatformContact, PlatformStatus, RowOutcome

_OVERLAP = timedelta(minutes=10)
_LONGEST_VALUE = 255
_COMMANDS = ("{{", "}}", "{%", "%}", "{#", "#}")  # Brevo's template language


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


class KnownContacts:
    """Contacts as last read in full, and from when on changes are to be read (`since`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_address: dict[str, PlatformContact] = {}
        self.since: datetime | None = None

    def take(self, contacts: Sequence[PlatformContact], now: datetime) -> None:
        """What a complete reading gave: all contacts, or all that changed since `since`."""
        times = [contact.changed_at for contact in contacts if contact.changed_at is not None]
        with self._lock:
            self._by_address.update((contact.email.lower(), contact) for contact in contacts)
            if times:
                # The platform's own clock, but never beyond ours: neither may hide an objection.
                newest = min(max(times), now) - _OVERLAP
                self.since = max(newest, self.since) if self.since else newest

    def get(self, address: str) -> PlatformContact | None:
        with self._lock:
            return self._by_address.get(address)


def harmless(value: str | None) -> str:
    """A field value without template commands, on one line, of limited length."""
    text = " ".join((value or "").split())
    while any(command in text for command in _COMMANDS):
        for command in _COMMANDS:
            text = text.replace(command, "")
    return " ".join(text[:_LONGEST_VALUE].split())


def failed(email: str, error: JourneyConnectorError) -> RowOutcome:
    """The outcome of a row whose call went wrong; errors that concern every row are raised."""
    if isinstance(error, BrevoRefusalError):
        return RowOutcome(email, "failed", f"{error.code}_{error.status}", permanent=True)
    if isinstance(error, RateLimited):
        return RowOutcome(email, "failed", "throttled")
    if isinstance(error, RetryableError):
        return RowOutcome(email, "unknown", "no_answer")
    raise error


def addresses(emails: Sequence[str]) -> list[str]:
    """As Brevo keeps them, each once; ValueError for more than one call may hold."""
    if len(emails) > CAPABILITIES.chunk_size:
        raise ValueError(f"at most {CAPABILITIES.chunk_size} members per call")
    return list(dict.fromkeys(email.lower() for email in emails))


def each(emails: Sequence[str], found: Mapping[str, RowOutcome | None]) -> list[RowOutcome]:
    """One outcome for every row as it was given, whatever its spelling."""
    silent = RowOutcome("", "unknown", "not_in_answer")
    return [replace(found.get(email.lower()) or silent, email=email) for email in emails]


def by_status(email: str, known: PlatformContact) -> RowOutcome:
    """What becomes of a contact that exists: only its status decides."""
    if known.status == "subscribed":
        return RowOutcome(email, "acknowledged", status=known.status)
    return RowOutcome(email, "suppressed", f"platform_{known.status}", status=known.status)


def stamp(moment: datetime) -> str:
    """A moment as Brevo takes it, always with a time zone."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
