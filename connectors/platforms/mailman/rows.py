"""Mailman's records and answers as the protocol knows them, and values without commands.

Data flow: entry of a collection -> PlatformContact; answer or error -> RowOutcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.errors import JourneyConnectorError, RateLimited, RetryableError
from connectors.platforms.mailman.api import BANNED, PENDING, SUBSCRIBED, MailmanRefusalError
from connectors.platforms.mailman.capabilities import CAPABILITIES
from connectors.platforms.mailman.objections import Objections
from connectors.platforms.protocol import PlatformContact, PlatformStatus, RowOutcome

NAME = "display_name"
_LONGEST_VALUE = 255


def as_contact(address: str, item: Mapping[str, Any], objections: Objections) -> PlatformContact:
    moment = str(item.get("registered_on") or "")
    return PlatformContact(
        contact_id=address,
        email=address,
        status=objections.status(address),
        fields={NAME: str(item.get(NAME) or "")},
        changed_at=datetime.fromisoformat(moment).replace(tzinfo=UTC) if moment else None,
    )


def addresses_of(emails: Sequence[str]) -> list[str]:
    if len(emails) > CAPABILITIES.chunk_size:
        raise ValueError(f"at most {CAPABILITIES.chunk_size} members per call")
    return list(dict.fromkeys(email.lower() for email in emails))


def as_given(email: str, outcome: RowOutcome) -> RowOutcome:
    return RowOutcome(email, outcome.outcome, outcome.reason, outcome.permanent, outcome.status)


def by_status(email: str, status: PlatformStatus) -> RowOutcome:
    if status == "subscribed":
        return RowOutcome(email, "acknowledged", status=status)
    return RowOutcome(email, "suppressed", f"platform_{status}", status=status)


def refused(address: str, refusal: MailmanRefusalError) -> RowOutcome:
    if refusal.reason == SUBSCRIBED:
        return RowOutcome(address, "acknowledged")
    if refusal.reason == BANNED:
        return by_status(address, CAPABILITIES.statuses["banned"])
    if refusal.reason == PENDING:
        return RowOutcome(address, "failed", "waits_for_approval")
    return failed(address, refusal)


def failed(email: str, error: JourneyConnectorError) -> RowOutcome:
    """The outcome of a row whose call went wrong; errors that concern every row are raised."""
    if isinstance(error, MailmanRefusalError):
        return RowOutcome(email, "failed", f"refused_{error.status}", permanent=True)
    if isinstance(error, RateLimited):
        return RowOutcome(email, "failed", "throttled")
    if isinstance(error, RetryableError):
        return RowOutcome(email, "unknown", "no_answer")
    raise error


def harmless(value: str | None) -> str:
    """A value on one line, of limited length, without what Mailman's templates begin with."""
    return " ".join((value or "").replace("$", "").split())[:_LONGEST_VALUE].strip()
