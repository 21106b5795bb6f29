"""How systems get a person wrong: typos, old names, other addresses, duplicates, missing fields.

Data flow: Scale, Person, Story, Subscription -> Traits (what each system has written down).
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.events import Registration
from sandbox.mail import Subscription
from sandbox.membership import Story
from sandbox.names import CITIES, LAST_NAMES, SHORT_FORMS, STREETS
from sandbox.people import Person, plain
from sandbox.scale import Scale, office_time

UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
HOLDS = ("bereavement", "hardship", "grievance", "legal")


@dataclass(frozen=True)
class Consent:
    """One purpose: granted then, withdrawn later (perhaps); never asked when `granted` is None."""

    granted: datetime | None
    withdrawn: datetime | None

    def status(self, now: datetime) -> tuple[str | None, datetime | None]:
        if self.withdrawn and self.withdrawn <= now:
            return "withdrawn", self.withdrawn
        if self.granted and self.granted <= now:
            return "granted", self.granted
        return None, None


@dataclass(frozen=True)
class Duplicate:
    """A second contact of the same person; `merged` into the first one, or never."""

    created: datetime
    merged: datetime | None
    first: str
    last: str
    birth: date | None
    email: str | None
    phone: str | None


@dataclass(frozen=True)
class Traits:
    """What the systems know, beside the truth. Dates are when a system learned of the change."""

    contact_created: datetime | None
    renamed: tuple[datetime, str] | None
    moved: tuple[datetime, str, str] | None
    new_email: tuple[datetime, str] | None
    has_email: bool
    has_birth: bool
    has_phone: bool
    duplicate: Duplicate | None
    membership: Consent
    marketing: Consent
    hold: tuple[datetime, datetime | None, str] | None
    do_not_email: datetime | None
    opted_out: datetime | None
    on_hold: tuple[datetime, int] | None
    ticket_names: tuple[tuple[str, str], ...]
    ticket_email: str | None
    gives_number: bool
    gives_phone: bool
    customer_link: str  # contact | number | email
    customer_named: bool
    list_has_number: bool


def typo(rng: random.Random, word: str) -> str:
    """One letter dropped, doubled or replaced, never the first one; short words stay."""
    if len(word) < 5:
        return word
    at = rng.randint(1, len(word) - 1)
    change = rng.choice(["drop", "double", "replace"])
    if change == "drop":
        return word[:at] + word[at + 1 :]
    if change == "double":
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice("aenrst") + word[at + 1 :]


def traits(
    scale: Scale,
    who: Person,
    story: Story,
    subscription: Subscription | None,
    registrations: list[Registration],
    needs_contact: bool,
) -> Traits:
    """Draw all distortions of a person; `needs_contact`: the membership system must know them."""
    rng = scale.rng("traits", who.index)
    last_day = (story.died or scale.limit) - timedelta(days=1)
    created = _contact_created(rng, who, needs_contact)
    changes = [
        who.arrival + timedelta(days=rng.randint(40, 1500))
        if rng.random() < scale.wrong(share)
        else None
        for share in (0.02, 0.10, 0.03)
    ]
    when = [office_time(day, rng) if day and day < last_day else None for day in changes]
    new_last = rng.choice(LAST_NAMES)
    place = f"{rng.choice(STREETS)} {rng.randint(1, 180)}", rng.choice(list(CITIES))
    has_email = bool(who.email) and (rng.random() < scale.right(0.96) or who.shares_email)
    new_email = f"{plain(who.first)}{who.index}@mail.example.{rng.choice(['org', 'com'])}"
    has_birth = rng.random() < scale.right(0.88) or who.shares_email
    may_change = not who.shares_email and has_email
    duplicate = None
    simple = not (who.shares_email or (when[2] and may_change))
    if created and rng.random() < scale.wrong(0.03) and simple:
        duplicate = _duplicate(scale, rng, who, created, last_day, has_birth)
    shy = rng.random()
    since = (story.joined or who.arrival) + timedelta(days=rng.randint(10, 900))
    moment = office_time(since, rng) if since < last_day and not who.shares_email else None
    hold = None
    if moment and 0.04 <= shy < 0.055:
        released = moment + timedelta(days=rng.randint(30, 500)) if rng.random() < 0.5 else None
        hold = (moment, released, rng.choice(HOLDS))
    ticket_email = _ticket_email(scale, rng, who)
    other_address = ticket_email != who.email and rng.random() < 0.9
    membership, marketing = _consents(rng, who, subscription, created, last_day)
    return Traits(
        contact_created=created,
        renamed=(when[0], new_last) if when[0] and new_last != who.last else None,
        moved=(when[1], *place) if when[1] else None,
        new_email=(when[2], new_email) if when[2] and may_change else None,
        has_email=has_email,
        has_birth=has_birth,
        has_phone=rng.random() < scale.right(0.93) or who.shares_email or who.email is None,
        duplicate=duplicate,
        membership=membership,
        marketing=marketing,
        hold=hold,
        do_not_email=moment if shy < 0.015 else None,
        opted_out=moment if 0.015 <= shy < 0.025 else None,
        on_hold=(moment, 1 if shy < 0.036 else 2) if moment and 0.025 <= shy < 0.04 else None,
        ticket_names=_ticket_names(scale, rng, who, registrations),
        ticket_email=ticket_email,
        gives_number=rng.random() < scale.right(0.5) or who.shares_email or other_address,
        gives_phone=rng.random() < scale.right(0.4) or who.shares_email or other_address,
        customer_link=rng.choices(["contact", "number", "email"], [80, 12, 8])[0]
        if not who.shares_email
        else "contact",
        customer_named=rng.random() < scale.right(0.92),
        list_has_number=rng.random() < scale.right(0.7) or who.shares_email,
    )


def _contact_created(rng: random.Random, who: Person, needed: bool) -> datetime | None:
    moment = office_time(who.arrival, rng) - timedelta(minutes=30)
    return moment.replace(hour=5, minute=rng.randint(0, 59)) if needed else None


def _duplicate(
    scale: Scale,
    rng: random.Random,
    who: Person,
    created: datetime,
    last_day: date,
    has_birth: bool,
) -> Duplicate | None:
    """A second contact: entered again by hand, sometimes found and merged later."""
    again = created.date() + timedelta(days=rng.randint(20, 1200))
    merged = again + timedelta(days=rng.randint(5, 400)) if rng.random() < 0.65 else None
    if again >= last_day:
        return None
    keeps_email = who.email is not None and rng.random() < scale.right(0.75)
    return Duplicate(
        created=office_time(again, rng),
        merged=office_time(merged, rng) if merged and merged < last_day else None,
        first=who.first,
        last=typo(rng, who.last) if rng.random() < scale.wrong(0.4) else who.last,
        birth=who.birth if has_birth and (rng.random() < 0.7 or not keeps_email) else None,
        email=who.email if keeps_email else None,
        phone=who.phone,
    )


def _consents(
    rng: random.Random,
    who: Person,
    subscription: Subscription | None,
    created: datetime | None,
    last_day: date,
) -> tuple[Consent, Consent]:
    """Consent per purpose. Whoever is on the mailing list was asked, and withdrew after signing up
    if at all; a household answers together (both adults signed one form)."""
    if who.shares_email:
        asked = office_time(who.arrival, rng)
        return Consent(asked, None), Consent(asked, None)
    base = max(filter(None, [created, subscription.signup if subscription else None]), default=None)
    if base is None:
        return Consent(None, None), Consent(None, None)
    asked = base + timedelta(minutes=3)
    found = []
    for never, leaves in ((0.04, 0.04), (0.15, 0.15)):
        is_asked = subscription is not None or rng.random() >= never
        day = asked.date() + timedelta(days=rng.randint(20, 1400))
        withdrawn = office_time(day, rng) if rng.random() < leaves and day < last_day else None
        found.append(Consent(asked, withdrawn) if is_asked else Consent(None, None))
    return found[0], found[1]


def _ticket_names(
    scale: Scale, rng: random.Random, who: Person, registrations: list[Registration]
) -> tuple[tuple[str, str], ...]:
    """At most two spellings per person in the ticket shop (an account remembers its spelling)."""
    if not registrations:
        return ((who.first, who.last),)
    draw = rng.random() / scale.noise
    other = (who.first, who.last)
    if draw < 0.08:
        other = (who.first, typo(rng, who.last))
    elif draw < 0.11:
        other = (typo(rng, who.first), who.last)
    elif draw < 0.17:
        other = (who.first.translate(UMLAUTS), who.last.translate(UMLAUTS))
    elif draw < 0.22:
        other = (_decomposed(who.first), _decomposed(who.last))
    elif draw < 0.26:
        other = (who.first.upper(), who.last.upper())
    elif draw < 0.28:
        other = (who.first[0] + ".", who.last)
    elif draw < 0.286 or (draw < 0.4 and who.first in SHORT_FORMS):
        other = (SHORT_FORMS.get(who.first, "Conny"), who.last)
    return ((who.first, who.last), other)


def _decomposed(word: str) -> str:
    return unicodedata.normalize("NFD", word)


def _ticket_email(scale: Scale, rng: random.Random, who: Person) -> str | None:
    """Another address in the ticket shop (work instead of home), for a few."""
    if who.email is None or (rng.random() < scale.wrong(0.02) and not who.shares_email):
        return f"{plain(who.last)}.{who.index}@work.example.com"
    return who.email
