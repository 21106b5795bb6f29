"""The association's events and who registered for them.

Data flow: Scale -> Event calendar; Person, Story -> Registrations (dated, with their fate).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from sandbox.membership import Story
from sandbox.people import GROUP_SIZE, Person, person, role_in_group
from sandbox.scale import Scale, any_time, at_local, office_time, poisson

EVENTS_PER_YEAR = 10
KINDS = ("webinar", "workshop", "congress", "social")
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ3789"


@dataclass(frozen=True)
class Event:
    """One event; `announced` is when it appears in the shop, `price_minor` 0 means free."""

    number: int
    kind: str
    modality: str
    captures: bool
    announced: datetime
    begins: datetime
    ends: datetime
    price_minor: int
    is_test: bool

    @property
    def slug(self) -> str:
        return f"e{self.number:03d}-{self.kind}"


@dataclass(frozen=True)
class Registration:
    """One attendee's place: `fate` says how the order went on.

    attend | no_show | cancel (before the event) | expire (never paid) | walk_in
    """

    event: Event
    code: str
    position: int  # positionid within the order
    position_key: int
    ordered: datetime
    fate: str
    changed: datetime | None  # cancelled or expired at
    refunded: datetime | None
    checked_in: datetime | None
    scan_known: datetime | None  # when an offline scanner delivered the check-in
    by_card: bool  # paid through the finance system as well
    group: tuple[int, ...] = ()  # indexes of everybody in the order, buyer first


@lru_cache(maxsize=4)
def calendar(scale: Scale) -> tuple[Event, ...]:
    """All events up to the limit, in order of their beginning."""
    rng = scale.rng("events")
    per_year = EVENTS_PER_YEAR if scale.people <= 20_000 else 40
    found = []
    for number in range(per_year * (scale.limit.year - scale.start.year)):
        day = scale.start + timedelta(days=int((number + rng.random()) / per_year * 365.25))
        kind = rng.choice(KINDS)
        online = kind == "webinar" or rng.random() < 0.2
        begins = at_local(day, rng.choice([9, 14, 18]))
        hours = {"webinar": 2, "workshop": 6, "congress": 30, "social": 4}[kind]
        found.append(
            Event(
                number=number,
                kind=kind,
                modality="online" if online else "onsite",
                captures=rng.random() < 0.85,
                announced=at_local(day - timedelta(days=90), 10),
                begins=begins,
                ends=begins + timedelta(hours=hours),
                price_minor={"webinar": 0, "workshop": 6000, "congress": 18000, "social": 1500}[
                    kind
                ],
                is_test=number % 25 == 24,
            )
        )
    return tuple(found)


def order_code(index: int, slot: int) -> str:
    """A unique, order-like code of seven letters (a bijection, so no two collide)."""
    number = (index * 64 + slot) * 1_000_003 % (28**7)
    letters = []
    for _ in range(7):
        number, rest = divmod(number, 28)
        letters.append(CODE_ALPHABET[rest])
    return "".join(letters)


def registrations(scale: Scale, who: Person, story: Story, zeal: float) -> list[Registration]:
    """A person's registrations, own bookings and places booked for them, oldest first."""
    rng = scale.rng("registrations", who.index)
    events = [event for event in calendar(scale) if not event.is_test]
    found: list[Registration] = []
    taken: set[int] = set()
    place = role_in_group(who.index)
    if place is not None:
        for booking in _group_bookings(scale, who.index - place, events):
            taken.add(booking.event.number)
            found.append(_member_of_group(scale, booking, place))
    for begin, end, rate in _periods(scale, who, story, zeal):
        years = (end - begin).days / 365.25
        open_now = [e for e in events if begin <= e.begins.date() < end and e.number not in taken]
        for event in rng.sample(open_now, min(len(open_now), poisson(rng, rate * years), 40)):
            if len(taken) >= 60:
                break
            taken.add(event.number)
            found.append(_registration(scale, rng, who, event, len(taken), begin))
    if who.kind == "attendee" and not found:
        coming = [e for e in events if e.begins.date() > who.arrival]
        if coming:
            found.append(_registration(scale, rng, who, coming[0], 1, who.arrival))
    return sorted(found, key=lambda one: (one.ordered, one.code))


def _periods(
    scale: Scale, who: Person, story: Story, zeal: float
) -> list[tuple[date, date, float]]:
    """(from, until, registrations per year): eager as a member, rarely before and after."""
    last = story.died or scale.limit
    if who.kind != "member" or not story.terms:
        rate = 0.9 if who.kind == "attendee" else 0.15
        return [(who.arrival, min(last, who.arrival + timedelta(days=900)), rate)]
    joined = story.terms[0].start
    end = story.terms[-1].effective_end or last
    left = min(last, end + timedelta(days=1))
    periods = [(joined, left, 1.6 * zeal), (left, last, 0.08)]
    if joined > who.arrival:
        periods.insert(0, (who.arrival, joined, 0.4))
    return [period for period in periods if period[0] < period[1]]


def _registration(
    scale: Scale, rng: random.Random, who: Person, event: Event, slot: int, since: date
) -> Registration:
    """One own booking: when, and what became of it."""
    draw = rng.random()
    fate = (
        "attend" if draw < 0.66
        else "no_show" if draw < 0.82
        else "cancel" if draw < 0.91
        else "walk_in" if draw < 0.96
        else "expire"
    )  # fmt: skip
    ahead = rng.randint(3, 60)
    day = max(event.begins.date() - timedelta(days=ahead), since)
    ordered = any_time(day, rng)
    if fate == "walk_in" or ordered >= event.begins - timedelta(days=2):
        fate, ordered = "walk_in", event.begins - timedelta(minutes=rng.randint(1, 50))
    changed = refunded = None
    if fate == "cancel":
        changed = ordered + (event.begins - ordered) * rng.uniform(0.2, 0.95)
        if event.price_minor:
            refunded = changed + timedelta(days=rng.randint(1, 9), minutes=7)
    elif fate == "expire":
        changed = ordered + (event.begins - ordered) * 0.9
    elif fate == "attend" and event.price_minor and rng.random() < 0.02:
        refunded = event.ends + timedelta(days=rng.randint(2, 9))  # goodwill
    checked_in = None
    if fate in ("attend", "walk_in") and event.captures:
        checked_in = event.begins + timedelta(minutes=rng.randint(-30, 40))
        checked_in = max(checked_in, ordered + timedelta(seconds=30))
    late_scan = rng.random() < 0.05
    return Registration(
        event=event,
        code=order_code(who.index, slot),
        position=1,
        position_key=scale.ordinal(ordered.date(), who.index, slot),
        ordered=ordered,
        fate=fate,
        changed=changed,
        refunded=refunded,
        checked_in=checked_in,
        scan_known=checked_in + timedelta(hours=14 if late_scan else 0) if checked_in else None,
        by_card=event.price_minor > 0 and rng.random() < 0.15,
    )


@dataclass(frozen=True)
class _GroupBooking:
    event: Event
    leader: int
    slot: int
    ordered: datetime
    present: tuple[bool, ...]


def _group_bookings(scale: Scale, leader: int, events: list[Event]) -> list[_GroupBooking]:
    """At most two orders a leader places for the next persons, soon after the last one arrived."""
    rng = scale.rng("group", leader)
    latest = person(scale, leader + GROUP_SIZE - 1).arrival
    coming = [event for event in events if event.begins.date() > latest + timedelta(days=20)]
    bookings = []
    for slot, event in enumerate(coming[: rng.randint(1, 2)]):
        ordered = office_time(event.begins.date() - timedelta(days=rng.randint(5, 15)), rng)
        present = tuple(rng.random() < 0.8 for _ in range(GROUP_SIZE))
        bookings.append(_GroupBooking(event, leader, 61 + slot, ordered, present))
    return bookings


def _member_of_group(scale: Scale, booking: _GroupBooking, place: int) -> Registration:
    """One person's place in a group order (always attended or missed as a whole life's fact)."""
    there = booking.present[place]
    checked_in = booking.event.begins + timedelta(minutes=place) if there else None
    if not booking.event.captures:
        checked_in = None
    return Registration(
        event=booking.event,
        code=order_code(booking.leader, booking.slot),
        position=place + 1,
        position_key=scale.ordinal(booking.ordered.date(), booking.leader + place, booking.slot),
        ordered=booking.ordered,
        fate="attend" if there else "no_show",
        changed=None,
        refunded=None,
        checked_in=checked_in,
        scan_known=checked_in,
        by_card=False,
        group=tuple(booking.leader + step for step in range(GROUP_SIZE)),
    )
