"""What the adapters of contact-based platforms share: outcomes of rows, known contacts, values.

Data flow: JSON of a platform -> PlatformContact -> KnownContacts -> who may be added -> RowOutcome.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.errors import (
    JourneyConnectorError,
    RateLimited,
    RetryableError,
    SourceError,
)
from connectors.platforms.protocol import PlatformContact, RowOutcome

UNSAID, SEGMENT_GONE, NOT_ON_LIST = "not_in_answer", "segment_gone", "not_on_list"
_OVERLAP = timedelta(minutes=10)


class RefusalError(SourceError):
    """An error document: `status` and `code` as the platform gives them, never its message."""

    def __init__(self, vendor: str, status: int, code: str) -> None:
        super().__init__(f"{vendor} refused this: {code} ({status}).")
        self.status, self.code = status, code


class KnownContacts:
    """Contacts as last read in full, and from when on changes are to be read (`since`, UTC)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[str, PlatformContact] = {}
        self._ids: dict[str, str] = {}
        self.since: datetime | None = None

    def take(self, contacts: Sequence[PlatformContact], now: datetime) -> None:
        """What a complete reading gave: all contacts, or all that changed since `since`."""
        times = [contact.changed_at for contact in contacts if contact.changed_at is not None]
        with self._lock:
            for contact in contacts:
                before = self._by_id.get(contact.contact_id)
                # An address that was changed there; somebody else may have it by now.
                if before and self._ids.get(before.email.lower()) == contact.contact_id:
                    del self._ids[before.email.lower()]
                self._by_id[contact.contact_id] = contact
                self._ids[contact.email.lower()] = contact.contact_id
            if times:
                # The platform's own clock, but never beyond ours: neither may hide an objection.
                newest = min(max(times), now) - _OVERLAP
                self.since = max(newest, self.since) if self.since else newest

    def get(self, address: str) -> PlatformContact | None:
        """By lower-case address."""
        with self._lock:
            return self._by_id.get(self._ids.get(address, ""))

    def forget(self, address: str) -> None:
        """The contact turned out not to exist any more."""
        with self._lock:
            self._by_id.pop(self._ids.pop(address, ""), None)


def harmless(value: str | None, commands: Sequence[str], longest: int = 255) -> str:
    """A field value without template commands, on one line, of limited length."""
    text = " ".join((value or "").split())
    while any(command in text for command in commands):
        for command in commands:
            text = text.replace(command, "")
    return " ".join(text[:longest].split())


def failed(email: str, error: JourneyConnectorError) -> RowOutcome:
    """The outcome of a row whose call went wrong; errors that concern every row are raised."""
    if isinstance(error, RefusalError):
        return RowOutcome(email, "failed", f"{error.code}_{error.status}".lower(), permanent=True)
    if isinstance(error, RateLimited):
        return RowOutcome(email, "failed", "throttled")
    if isinstance(error, RetryableError):
        return RowOutcome(email, "unknown", "no_answer")
    raise error


def by_status(email: str, known: PlatformContact) -> RowOutcome:
    """What becomes of a contact that exists: only its status decides."""
    if known.status == "subscribed":
        return RowOutcome(email, "acknowledged", status=known.status)
    return RowOutcome(email, "suppressed", f"platform_{known.status}", status=known.status)


def joined(address: str, known: PlatformContact | None) -> RowOutcome | None:
    """Why an address may not be put into a segment; None when it may."""
    if known is None:
        return RowOutcome(address, "failed", NOT_ON_LIST)
    outcome = by_status(address, known)
    return None if outcome.outcome == "acknowledged" else outcome


def addresses(emails: Sequence[str], most: int) -> list[str]:
    """In lower case, each once; ValueError for more than one call may hold."""
    if len(emails) > most:
        raise ValueError(f"at most {most} members per call")
    return list(dict.fromkeys(email.lower() for email in emails))


def each(emails: Sequence[str], found: Mapping[str, RowOutcome | None]) -> list[RowOutcome]:
    """One outcome for every row as it was given, whatever its spelling."""
    silent = RowOutcome("", "unknown", UNSAID)
    return [replace(found.get(email.lower()) or silent, email=email) for email in emails]


def halved(
    rows: Sequence[str], call: Callable[[Sequence[str]], dict[str, RowOutcome]]
) -> dict[str, RowOutcome]:
    """The outcomes of a bulk call; when it is refused, of its halves, down to the row at fault.

    One row the platform dislikes must not fail, let alone quarantine, the others.
    """
    try:
        return call(rows)
    except RefusalError as refusal:
        if len(rows) == 1:
            return {rows[0]: failed(rows[0], refusal)}
    middle = len(rows) // 2
    return {**halved(rows[:middle], call), **halved(rows[middle:], call)}
