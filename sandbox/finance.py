"""What people owe and pay through the finance system.

Data flow: Story, Registrations -> Bill (invoice) with its Attempts (charges), refunds, disputes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.events import Registration
from sandbox.membership import MONTHLY, Story
from sandbox.people import Person
from sandbox.scale import Scale, office_time


@dataclass(frozen=True)
class Attempt:
    """One charge: succeeded or failed; perhaps refunded or disputed later (`lost` or `won`)."""

    at: datetime
    succeeded: bool
    refunded: datetime | None = None
    disputed: datetime | None = None
    dispute_closed: datetime | None = None
    dispute_won: bool = False


@dataclass(frozen=True)
class Bill:
    """One invoice in minor units; `void` when it was given up unpaid."""

    purpose: str  # dues | event | donation
    amount_minor: int
    issued: datetime
    due: datetime
    attempts: tuple[Attempt, ...]
    void: datetime | None
    membership: int | None
    slot: int

    @property
    def paid(self) -> datetime | None:
        return next((attempt.at for attempt in self.attempts if attempt.succeeded), None)


def bills(scale: Scale, who: Person, story: Story, registrations: list[Registration]) -> list[Bill]:
    """A person's invoices, oldest first; empty for those who pay by bank transfer only."""
    rng = scale.rng("finance", who.index)
    found: list[Bill] = []
    if story.terms and rng.random() < 0.75:
        found += _dues(rng, story)
        if rng.random() < 0.03:
            day = story.terms[0].start + timedelta(days=rng.randint(20, 60))
            if not story.died or day < story.died:
                found.append(
                    _simple(rng, "donation", rng.randint(2, 40) * 500, office_time(day, rng))
                )
    for one in registrations:
        if one.by_card and one.fate in ("attend", "no_show", "cancel"):
            found.append(_simple(rng, "event", one.event.price_minor, one.ordered, one.refunded))
    ordered = sorted(found, key=lambda bill: (bill.issued, bill.purpose, bill.amount_minor))
    return [Bill(**{**bill.__dict__, "slot": slot}) for slot, bill in enumerate(ordered)]


def _simple(
    rng: random.Random,
    purpose: str,
    amount: int,
    at: datetime,
    refunded: datetime | None = None,
) -> Bill:
    attempt = Attempt(at + timedelta(seconds=rng.randint(5, 90)), True, refunded)
    return Bill(purpose, amount, at, at + timedelta(days=14), (attempt,), None, None, 0)


def _dues(rng: random.Random, story: Story) -> list[Bill]:
    """One invoice per paid term, and one for each term that nobody paid for in the end."""
    found: list[Bill] = []
    missed = set(story.missed)
    previous_end: date | None = None
    for term in story.terms:
        if term.amount_minor:
            paid_at = office_time(term.committed, rng)
            follows = previous_end is not None and term.start == previous_end + timedelta(days=1)
            notice = term.committed
            if follows and previous_end is not None and term.plan != MONTHLY:
                notice = min(term.committed, previous_end - timedelta(days=30))
            issued = paid_at - timedelta(days=(term.committed - notice).days, minutes=20)
            attempts = []
            is_collected = story.auto_renew or term.plan == MONTHLY
            is_late = previous_end is not None and term.committed > previous_end
            if previous_end and previous_end in missed and follows and is_collected and is_late:
                attempts.append(Attempt(office_time(previous_end, rng), False))
            attempts.append(_paid(rng, paid_at))
            due = issued + timedelta(days=30 if term.plan != MONTHLY else 7)
            found.append(
                Bill(
                    "dues",
                    term.amount_minor,
                    issued,
                    due,
                    tuple(attempts),
                    None,
                    term.membership,
                    0,
                )
            )
        previous_end = term.end
        if term.end in missed and not _renewed(story, term.end):
            found.append(
                _unpaid(rng, story, term.plan, term.amount_minor, term.end, term.membership)
            )
    return found


def _renewed(story: Story, end: date) -> bool:
    return any(term.start == end + timedelta(days=1) for term in story.terms)


def _paid(rng: random.Random, at: datetime) -> Attempt:
    draw = rng.random()
    if draw < 0.01:
        return Attempt(at, True, refunded=at + timedelta(days=rng.randint(1, 10), minutes=3))
    if draw < 0.015:
        opened = at + timedelta(days=rng.randint(5, 40), minutes=11)
        closed = opened + timedelta(days=rng.randint(10, 30))
        return Attempt(at, True, None, opened, closed, rng.random() < 0.4)
    return Attempt(at, True)


def _unpaid(
    rng: random.Random, story: Story, plan: int, amount: int, end: date, membership: int
) -> Bill:
    attempts: tuple[Attempt, ...] = ()
    if story.auto_renew or plan == MONTHLY or rng.random() < 0.1:
        days = sorted({rng.randint(-1, 3), rng.randint(4, 9)})
        attempts = tuple(Attempt(office_time(end + timedelta(days=d), rng), False) for d in days)
    notice = 3 if plan == MONTHLY else 30
    issued = office_time(end - timedelta(days=notice), rng)
    void = office_time(end + timedelta(days=60), rng)
    return Bill("dues", amount, issued, issued + timedelta(days=30), attempts, void, membership, 0)
