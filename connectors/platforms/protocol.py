"""What an e-mail platform promises, and all that may be asked of it.

Data flow: activation/apply -> PlatformAdapter -> platform API -> RowOutcome per row -> ledger.

The protocol has no way to say "subscribe this existing contact": a contact is only ever created
when a read has shown that it does not exist, and everything else (fields, segment membership) is
neutral to consent. Vendor payloads, addresses and names never appear in errors or reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from connectors.protocol import CheckItem

# `unknown`: the platform said something this version does not know; it counts as "do not touch".
PlatformStatus = Literal[
    "subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived", "unknown"
]
Outcome = Literal["acknowledged", "failed", "unknown", "suppressed"]
# effectively_once: sending the same again changes nothing, and reading tells what was done.
# at_least_once: a repeated request may show there (an e-mail, a second row in a report).
Promise = Literal["effectively_once", "at_least_once"]
# How people are reached there. On post and phone a contact is a person, named by member key.
Channel = Literal["email", "post", "phone"]
CHANNELS: tuple[Channel, ...] = ("email", "post", "phone")


@dataclass(frozen=True)
class PlatformCapabilities:
    """What a platform can do and where its limits are, as data (the capability sheet)."""

    kind: str
    chunk_size: int  # members per bulk membership call
    max_connections: int  # connections used at once, below the platform's own limit
    statuses: Mapping[str, PlatformStatus]  # the platform's word -> ours
    has_segment_ownership_by_name: bool
    bulk_membership_is_consent_neutral: bool
    has_request_quota: bool
    notes: tuple[str, ...] = ()
    promise: Promise = "effectively_once"
    can_remove: bool = True  # members can be taken out without touching their subscription
    can_read_back: bool = True  # statuses and members can be read in full
    # Who leaves a segment by themselves is not told from who was never in it: a member who was
    # delivered and is missing without our doing has left, and is not added again.
    leaving_leaves_no_trace: bool = False
    channel: Channel = "email"
    transport: Literal["http", "files"] = "http"
    limits: str = ""  # the platform's own limits, for the reference table


@dataclass(frozen=True)
class PlatformContact:
    """One contact as read from the platform. `changed_at` is UTC by the platform's clock."""

    contact_id: str
    email: str = field(repr=False)
    status: PlatformStatus
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    changed_at: datetime | None = None


@dataclass(frozen=True)
class SegmentRef:
    """A segment on the platform that this product owns."""

    segment: str  # our segment id
    platform_id: str
    name: str  # as the marketer sees it
    member_count: int | None = None


@dataclass(frozen=True)
class ConsentProof:
    """Why a new contact may be created: a granted consent, when and where it was recorded."""

    purpose: str
    granted_at: datetime
    source_system: str


@dataclass(frozen=True)
class NewContact:
    """A contact to create. It cannot be built without the consent that allows it."""

    email: str = field(repr=False)
    proof: ConsentProof
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class FieldUpdate:
    """New field values of a contact that exists; says nothing about its subscription."""

    email: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row of one call. `reason` is a short code without personal data.

    `permanent`: sending the same again would fail again (the row is quarantined).
    `status`: the contact's status where the platform's answer shows it.
    """

    email: str = field(repr=False)
    outcome: Outcome
    reason: str = ""
    permanent: bool = False
    status: PlatformStatus | None = None


class PushPolicy(BaseModel):
    """When a push stops itself. The same section for every kind of platform.

    A segment is held when adds or removes exceed both `brake_absolute` members and `brake_share`
    of what it held before.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_push: Literal["hold", "allow"] = "hold"
    brake_absolute: int = Field(default=25, ge=0)
    brake_share: float = Field(default=0.3, ge=0, le=1)
    emptying_from: int = Field(default=10, ge=1, description="members from which 0 is suspicious")
    max_source_age_days: int = Field(default=2, ge=0, description="age of the published data")
    max_readback_minutes: int = Field(default=30, ge=1, description="age of the suppression read")
    approval_hours: int = Field(default=24, ge=1)
    quarantine_days: int = Field(default=30, ge=1, description="until a refused row is tried again")
    update_fields: bool = True


class PlatformSettings(BaseModel):
    """What the settings of every kind of platform have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    push: PushPolicy = PushPolicy()


@runtime_checkable
class PlatformAdapter(Protocol):
    """One audience of one platform. Building it does no I/O.

    Every method may raise the classes of `connectors.errors`; a write whose answer was lost does
    not raise but returns its rows as `unknown`.
    """

    name: str
    destination: str  # stable id of the audience, e.g. "mailchimp:a1b2c3"; key of the ledger

    @property
    def capabilities(self) -> PlatformCapabilities:
        """The capability sheet."""

    def check(self) -> Sequence[CheckItem]:
        """Credentials, audience and permissions; never raises for a 'no'."""

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        """Allowed fields of a contact in the platform's words, from neutral names. Pure.

        Always the same keys, "" for what is not known; nothing in a value is a command there.
        """

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        """What the platform now has for the fields of `render_fields`. Pure."""

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        """All contacts of the audience whatever their status, or those changed since (UTC)."""

    def read_contact(self, email: str) -> PlatformContact | None:
        """One contact, or None when the platform says it does not exist."""

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        """Segments this product owns (by its naming), by our segment id.

        An owned segment that is not in `wanted` (no longer configured) appears under its name.
        """

    def ensure_segment(self, segment: str) -> SegmentRef:
        """The owned segment, created empty when it does not exist."""

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        """All members of an owned segment, whatever their status."""

    def create_contact(self, contact: NewContact) -> RowOutcome:
        """Create after a read has said that the address is unknown; never changes a status."""

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        """Change fields of an existing contact; never creates and never changes a status."""

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        """Put existing contacts into an owned segment; at most `chunk_size` per call."""

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        """Take members out of an owned segment; their subscription is not touched."""

    def close(self) -> None:
        """Close connections."""
