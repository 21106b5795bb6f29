"""The person records of the vendors, reduced to what identity rules look at.

Data flow: Life, its Records, its survey rows -> Identity (one per record that names a person).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from connectors.testing.store import Record
from sandbox.life import Life
from sandbox.pretix import Attendee, place_of
from sandbox.scale import LOCAL
from sandbox.surveys import Row


@dataclass(frozen=True)
class Identity:
    """One record about a person: names normalised, address lower-case, phone E.164.

    `foreign` is the membership contact a finance customer points to; `modified` (UTC) tells which
    of two addresses is newer.
    """

    source: str
    record_id: str
    first: str | None
    last: str | None
    birth: str | None
    email: str | None
    phone: str | None
    member_number: str | None
    foreign: str | None
    created: datetime
    modified: datetime

    @property
    def profile(self) -> tuple[str | None, ...]:
        """Records with equal profiles are one profile to the identity rules.

        Where nothing but a name is known, equality says nothing: the record is its own.
        """
        names = self.first and self.last and self.birth
        is_known = self.email or self.phone or self.member_number or self.foreign or names
        return (
            self.source,
            None if is_known else self.record_id,
            self.first,
            self.last,
            self.birth,
            self.email,
            self.phone,
            self.member_number,
            self.foreign,
        )

    def blocking_keys(self) -> Iterator[tuple[str, ...]]:
        """Whatever must be equal for two records to be linked: blocking keys."""
        if self.email:
            yield ("email", self.email)
        if self.phone:
            yield ("phone", self.phone)
        if self.member_number:
            yield ("number", self.member_number)
        if self.foreign:
            yield ("contact", self.foreign)
        if self.source == "civicrm":
            yield ("contact", self.record_id)
        if self.first and self.last and self.birth:
            yield ("name", self.first, self.last, self.birth)


@lru_cache(maxsize=50_000)
def normal_name(name: str | None) -> str | None:
    """Lower case, no accents, letters and digits only; None when nothing is left."""
    stripped = unicodedata.normalize("NFD", (name or "").lower())
    return "".join(c for c in stripped if c.isalnum()) or None


def normal_phone(phone: str | None) -> str | None:
    """E.164 of a German number in any of the sandbox's spellings."""
    digits = "".join(c for c in phone or "" if c.isdigit())
    if not digits:
        return None
    if digits.startswith("00"):
        return "+" + digits[2:]
    return "+49" + digits[1:] if digits.startswith("0") else "+" + digits


def identities(
    life: Life, records: Iterable[Record], rows: Iterable[Row], now: datetime
) -> list[Identity]:
    """The identity records of one person: own vendor records, places in orders, survey answers."""
    found = []
    for record in records:
        if record.vendor == "civicrm" and record.entity == "Contact":
            if not record.body["is_deleted"]:
                found.append(_contact(record.body))
        elif record.vendor == "stripe" and record.entity == "customer":
            found.append(_customer(record.body))
        elif record.vendor == "mailchimp" and record.entity == "member":
            found.append(_subscriber(record.body))
    for one in life.registrations:
        if one.ordered <= now:
            found.append(
                _attendee(
                    life, place_of(life, one), one.code, one.position, one.ordered, bool(one.group)
                )
            )
    found += [_respondent(row) for row in rows]
    return found


def _make(source: str, record_id: str, created: datetime, **known: Any) -> Identity:
    email = known.get("email")
    return Identity(
        source=source,
        record_id=record_id,
        first=normal_name(known.get("first")),
        last=normal_name(known.get("last")),
        birth=known.get("birth"),
        email=email.lower() if email else None,
        phone=normal_phone(known.get("phone")),
        member_number=known.get("member_number") or None,
        foreign=known.get("foreign"),
        created=created,
        modified=known.get("modified") or created,
    )


def _contact(body: dict[str, Any]) -> Identity:
    return _make(
        "civicrm",
        str(body["id"]),
        _local(body["created_date"]),
        first=body["first_name"],
        last=body["last_name"],
        birth=body["birth_date"],
        email=body["email_primary.email"],
        phone=body["phone_primary.phone"],
        member_number=body["external_identifier"],
        modified=_local(body["modified_date"]),
    )


def _local(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=LOCAL).astimezone(UTC)


def _customer(body: dict[str, Any]) -> Identity:
    first, _, last = (body["name"] or "").rpartition(" ")
    metadata = body["metadata"]
    return _make(
        "stripe",
        body["id"],
        datetime.fromtimestamp(body["created"], UTC),
        first=first,
        last=last,
        email=body["email"],
        member_number=metadata.get("member_number"),
        foreign=metadata.get("civicrm_contact_id"),
    )


def _subscriber(body: dict[str, Any]) -> Identity:
    merge = body["merge_fields"]
    return _make(
        "mailchimp",
        body["id"],
        datetime.fromisoformat(body["timestamp_signup"]),
        first=merge["FNAME"],
        last=merge["LNAME"],
        email=body["email_address"],
        phone=merge["PHONE"],
        member_number=merge["MEMBERNO"],
    )


def _attendee(
    life: Life, place: Attendee, code: str, position: int, ordered: datetime, in_group: bool
) -> Identity:
    """Own bookings fall back to the order's address and phone; group places never do."""
    phone = life.person.phone if life.traits.gives_phone and not in_group else None
    return _make(
        "pretix",
        f"{code}-{position}",
        ordered,
        first=place.first,
        last=place.last,
        email=place.email or (None if in_group else life.traits.ticket_email),
        phone=phone,
        member_number=place.member_number,
    )


def _respondent(row: Row) -> Identity:
    created = datetime.fromisoformat(row[6])
    return _make("filedrop", row[0], created, email=row[2], member_number=row[1])
