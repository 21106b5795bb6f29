"""A platform in memory and a published file in miniature, for tests of the core and of adapters.

Data flow: test -> `write_published` -> activation.duckdb; test -> MemoryPlatform <-> push().

MemoryPlatform behaves as a well-behaved platform does (who is not on the list is ignored in bulk
calls, existing statuses are never changed) and can lose an answer or die before or after any call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from connectors.errors import RetryableError
from connectors.platforms.protocol import (
    FieldUpdate,
    NewContact,
    PlatformCapabilities,
    PlatformContact,
    PlatformStatus,
    RowOutcome,
    SegmentRef,
)
from connectors.protocol import CheckItem

_SCHEMA = """
create table seg_candidates (segment_id varchar, member_key varchar, reason_json varchar,
    segment_version integer, priority integer, purpose varchar, channel varchar,
    owner_team varchar, as_of_date date);
create table sync_contacts (member_key varchar, email varchar, email_key varchar,
    first_name varchar, last_name varchar, member_number varchar, phone_e164 varchar,
    street varchar, postal_code varchar, city varchar,
    is_deceased boolean, is_erased boolean, is_email_shared boolean, stage varchar);
create table sync_consents (member_key varchar, channel varchar, purpose varchar, status varchar,
    reason varchar, occurred_at timestamp, source_system varchar, evidence varchar);
create table sync_suppressions (member_key varchar, email_key varchar, channel varchar,
    reason varchar, since timestamp);
create table sync_holds (member_key varchar, hold varchar, since date);
"""
_GRANTED_AT = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class Person:
    """One row of sync_contacts with its consent; `email=None` has no address."""

    member_key: str
    email: str | None
    first_name: str = "Ada"
    consent: str | None = "granted"  # of purpose `all`
    is_deceased: bool = False
    is_erased: bool = False
    hold: str | None = None
    suppressed: str | None = None  # reason, for e-mail
    street: str | None = None  # with a postal code and a city
    phone: str | None = None
    channels: Mapping[str, str] = field(default_factory=dict)  # other channel -> consent


def write_published(
    path: Path,
    people: Sequence[Person],
    segments: Mapping[str, Sequence[str]],
    *,
    purpose: str = "membership",
    channel: str = "email",
) -> Path:
    """An activation file: the people, and per segment id the member keys of its candidates."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as db:
        db.execute(_SCHEMA)
        for person in people:
            key = person.email.strip().lower() if person.email else None
            db.execute(
                "insert into sync_contacts values (?, ?, ?, ?, 'Example', null, ?, ?, ?, ?, ?, ?,"
                " false, 'engaged')",
                [
                    person.member_key,
                    person.email,
                    key,
                    person.first_name,
                    person.phone,
                    person.street,
                    "8010" if person.street else None,
                    "Graz" if person.street else None,
                    person.is_deceased,
                    person.is_erased,
                ],
            )
            if person.consent:
                db.execute(
                    "insert into sync_consents values (?, 'email', 'all', ?, null, ?, 'crm', '')",
                    [person.member_key, person.consent, _GRANTED_AT],
                )
            for other, status in person.channels.items():
                db.execute(
                    "insert into sync_consents values (?, ?, 'all', ?, null, ?, 'crm', '')",
                    [person.member_key, other, status, _GRANTED_AT],
                )
            if person.suppressed:
                db.execute(
                    "insert into sync_suppressions values (?, ?, 'email', ?, ?)",
                    [person.member_key, key, person.suppressed, _GRANTED_AT],
                )
            if person.hold:
                row = [person.member_key, person.hold]
                db.execute("insert into sync_holds values (?, ?, date '2025-01-01')", row)
        for segment, members in segments.items():
            for member_key in members:
                db.execute(
                    "insert into seg_candidates values (?, ?, '{}', 1, 10, ?, ?,"
                    " 'membership', date '2026-06-30')",
                    [segment, member_key, purpose, channel],
                )
    return path


class Crash(BaseException):
    """The process ends here (a BaseException: nothing may catch and survive it)."""


Hook = Callable[[str, int], None]


@dataclass
class MemoryPlatform:
    """One audience in memory. `journal` lists every write as (what, address or segment).

    `before` and `after` are called with the method's name and how often it was called, around
    every writing method; they may raise Crash or RetryableError (a lost answer).
    """

    name: str = "memory"
    destination: str = "memory:audience"
    chunk_size: int = 500
    contacts: dict[str, PlatformContact] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    journal: list[tuple[str, str]] = field(default_factory=list)
    before: Hook | None = None
    after: Hook | None = None
    now: datetime = datetime(2026, 6, 30, 12, tzinfo=UTC)
    is_readable: bool = True
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def capabilities(self) -> PlatformCapabilities:
        return PlatformCapabilities("memory", self.chunk_size, 1, {}, True, True, False)

    def put(self, email: str, status: PlatformStatus = "subscribed", first_name: str = "") -> None:
        """A contact as somebody else (the person, a marketer) made or changed it."""
        self.now += timedelta(seconds=1)
        contact = PlatformContact(email.lower(), email, status, {"F": first_name}, self.now)
        self.contacts[email.lower()] = contact

    def check(self) -> Sequence[CheckItem]:
        return [CheckItem(self.name, True, f"{len(self.contacts)} contacts")]

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        return {"F": values.get("first_name") or ""}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {"F": contact.fields.get("F", "")}

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        self._must_be_readable()
        found = self.contacts.values()
        return [c for c in found if since is None or (c.changed_at or self.now) > since]

    def read_contact(self, email: str) -> PlatformContact | None:
        self._must_be_readable()
        return self.contacts.get(email.lower())

    def find_segments(self, _wanted: Sequence[str]) -> dict[str, SegmentRef]:
        self._must_be_readable()
        return {name: SegmentRef(name, name, name, len(m)) for name, m in self.members.items()}

    def ensure_segment(self, segment: str) -> SegmentRef:
        self.members.setdefault(segment, set())
        return SegmentRef(segment, segment, segment, 0)

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        self._must_be_readable()
        return [self.contacts[email] for email in sorted(self.members[ref.platform_id])]

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        try:
            self._around("create_contact")
            known = self.contacts.get(email.lower())
            if email.lower() in self.forgotten:
                return RowOutcome(email, "suppressed", "forgotten")
            if known is not None and known.status != "subscribed":
                return RowOutcome(email, "suppressed", f"platform_{known.status}")
            if known is None:
                self.put(email, "subscribed", contact.fields["F"])
                self.journal.append(("create", email.lower()))
            self._around("create_contact", done=True)
        except RetryableError:
            return RowOutcome(email, "unknown", "no_answer")
        return RowOutcome(email, "acknowledged")

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        known = self.contacts.get(update.email.lower())
        if known is None:
            return RowOutcome(update.email, "failed", "not_on_list")
        try:
            self._around("update_fields")
            self.put(known.email, known.status, update.fields["F"])
            self.journal.append(("update", update.email.lower()))
            self._around("update_fields", done=True)
        except RetryableError:
            return RowOutcome(update.email, "unknown", "no_answer")
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        return self._change("add", ref, emails)

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        return self._change("remove", ref, emails)

    def close(self) -> None:
        """Nothing to close."""

    def _change(self, what: str, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        if len(emails) > self.chunk_size:
            raise ValueError(f"at most {self.chunk_size} members per call")
        inside = self.members[ref.platform_id]
        try:
            self._around(what)
            for email in emails:
                known = self.contacts.get(email.lower())
                if what == "remove":
                    inside.discard(email.lower())
                elif known is not None and known.status != "archived":
                    inside.add(email.lower())
                self.journal.append((what, email.lower()))
            self._around(what, done=True)
        except RetryableError:
            return [RowOutcome(email, "unknown", "no_answer") for email in emails]
        return [
            RowOutcome(email, "acknowledged")
            if (email.lower() in inside) == (what == "add")
            else RowOutcome(email, "failed", "not_on_list")
            for email in emails
        ]

    def _around(self, what: str, *, done: bool = False) -> None:
        if not done:
            self.calls[what] = self.calls.get(what, 0) + 1
        hook = self.after if done else self.before
        if hook is not None:
            hook(what, self.calls[what])

    def _must_be_readable(self) -> None:
        if not self.is_readable:
            raise RetryableError("the platform can not be read.")
