"""Who the people of the association truly are, before any system writes them down.

Data flow: Scale, index -> Person (true name, addresses, arrival, what brought them).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from sandbox.names import CITIES, FIRST_NAMES, LAST_NAMES, ROLE_PARTS, STREETS
from sandbox.scale import Scale

HOUSEHOLD_EVERY = 40  # of every 40 people, the second shares the first one's address
ROLE_EVERY = 125
GROUP_EVERY = 60  # every 60th person books for the next two
GROUP_SIZE = 3
MEMBER_SHARE = 0.85


@dataclass(frozen=True)
class Person:
    """One true person; `email_new` replaces `email` in the membership system on `moved_on`."""

    index: int
    first: str
    last: str
    birth: date
    email: str | None
    phone: str | None
    street: str
    city: str
    arrival: date
    kind: str  # member | attendee | inquirer | applicant
    shares_email: bool  # household or role address
    is_household_head: bool

    @property
    def person_id(self) -> str:
        return f"P{self.index:07d}"

    @property
    def member_number(self) -> str:
        return f"M-{self.index:06d}"

    @property
    def contact_id(self) -> int:
        """The person's (surviving) contact in the membership system; +1 is a duplicate's."""
        return 1000 + 2 * self.index

    def membership_id(self, number: int) -> int:
        """The person's first (0) or second (1) membership there."""
        return 10 + 2 * self.index + number


@lru_cache(maxsize=50_000)
def plain(text: str) -> str:
    """ASCII letters of a name, for addresses."""
    stripped = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in stripped if c.isascii() and c.isalnum())


def role_in_group(index: int) -> int | None:
    """0 books for a group, 1 and 2 are booked for, None: neither."""
    place = index % GROUP_EVERY - 23
    return place if 0 <= place < GROUP_SIZE else None


def person(scale: Scale, index: int) -> Person:
    """The person with this index; depends on nothing but seed and size."""
    rng = scale.rng("person", index)
    arrival = scale.arrival(index, rng.random())
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    birth = arrival - timedelta(days=rng.randint(19 * 365, 78 * 365))
    domain = rng.choice(["org", "org", "com", "net"])
    email: str | None = f"{plain(first)}.{plain(last)}{index}@example.{domain}"
    has_email, has_phone = rng.random() < 0.95, rng.random() < 0.75
    phone = (
        f"+4915550{index % 1_000_000:06d}" if index < 1_000_000 else f"+4915551{index % 10**6:06d}"
    )
    street = f"{rng.choice(STREETS)} {rng.randint(1, 180)}"
    city = rng.choice(list(CITIES))
    draw = rng.random()
    kind = "member"
    if draw >= MEMBER_SHARE:
        rest = (draw - MEMBER_SHARE) / (1 - MEMBER_SHARE)
        kind = "attendee" if rest < 0.5 else "inquirer" if rest < 0.75 else "applicant"
    is_head = index % HOUSEHOLD_EVERY == 0
    is_partner = index % HOUSEHOLD_EVERY == 1
    is_role = index % ROLE_EVERY == 3 and not is_partner
    if is_partner:
        head = person(scale, index - 1)
        email, last = head.email, head.last if rng.random() < 0.8 else last
        street, city = head.street, head.city
    elif is_role:
        email = f"{rng.choice(ROLE_PARTS)}@branch{index}.example.{domain}"
    elif not (has_email or is_head or role_in_group(index) is not None):
        email = None
    return Person(
        index=index,
        first=first,
        last=last,
        birth=birth,
        email=email,
        phone=phone if has_phone or is_head or is_partner or email is None else None,
        street=street,
        city=city,
        arrival=arrival,
        kind=kind,
        shares_email=is_head or is_partner or is_role,
        is_household_head=is_head,
    )
