"""What people do with the service desk, as volunteers, and in surveys.

Data flow: Person, Story -> Action (calls, volunteering, inquiries), Matter (cases), Response.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.membership import Story
from sandbox.people import Person
from sandbox.scale import Scale, office_time, poisson

CASE_TYPES = ("inquiry", "inquiry", "complaint", "legal_advice", "hardship")
ADVOCACY = ("Volunteering", "Member Referral", "Event Speaker")


@dataclass(frozen=True)
class Action:
    """One activity of the membership system; trashed on `deleted`, if ever."""

    kind: str
    at: datetime
    is_test: bool
    deleted: datetime | None


@dataclass(frozen=True)
class Matter:
    """One case: opened, then (resolved, reopened, resolved, ...) alternating in `changes`."""

    kind: str
    opened: datetime
    changes: tuple[datetime, ...]


@dataclass(frozen=True)
class Response:
    """One survey answer; `lifecycle_point` is join, six_month or renewal; score 0-10."""

    lifecycle_point: str
    score: int
    at: datetime
    by_number: bool


@dataclass(frozen=True)
class Service:
    actions: tuple[Action, ...]
    matters: tuple[Matter, ...]
    responses: tuple[Response, ...]


def service(scale: Scale, who: Person, story: Story, zeal: float) -> Service:
    """Everything a person does outside dues and events, up to the scale's limit."""
    rng = scale.rng("service", who.index)
    last = min(story.died or scale.limit, scale.limit) - timedelta(days=1)
    actions: list[Action] = []
    matters: list[Matter] = []
    responses: list[Response] = []
    first = who.arrival
    inquires = who.kind == "inquirer" or rng.random() < {"member": 0.35}.get(who.kind, 0.1)
    if inquires and first < last:
        actions.append(_action(rng, "Membership Inquiry", first, last))
    if not story.terms:
        return Service(tuple(actions), (), ())
    joined = story.terms[0].start
    left = min(story.terms[-1].effective_end or last, last)
    years = max((left - joined).days, 0) / 365.25
    for _ in range(poisson(rng, 0.35 * years * zeal)):
        actions.append(_action(rng, "Inbound Call", _between(rng, joined, left), last))
    for _ in range(poisson(rng, 0.15 * years)):
        actions.append(_action(rng, "Outbound Call", _between(rng, joined, left), last))
    if zeal > 1.3:
        for _ in range(poisson(rng, 0.6 * years)):
            actions.append(_action(rng, rng.choice(ADVOCACY), _between(rng, joined, left), last))
    for _ in range(min(poisson(rng, 0.22 * years * min(zeal, 1.2)), 7)):
        matters.append(_matter(rng, _between(rng, joined, left), last))
    if rng.random() < 0.2 * min(zeal + 0.2, 1.5):
        for point, day in _survey_days(story):
            if rng.random() < 0.7 and day < last:
                at = office_time(day + timedelta(days=rng.randint(0, 12)), rng)
                score = min(10, max(0, round(rng.gauss(7.6, 2.2))))
                responses.append(Response(point, score, at, rng.random() < 0.8))
    alive = [one for one in responses if one.at.date() <= last]
    return Service(
        tuple(sorted(actions, key=lambda one: one.at)),
        tuple(sorted(matters, key=lambda one: one.opened)),
        tuple(sorted(alive, key=lambda one: one.at)),
    )


def _survey_days(story: Story) -> list[tuple[str, date]]:
    """When the three lifecycle surveys reach a member (renewals: every second one)."""
    joined = story.terms[0].start
    days = [("join", joined + timedelta(days=30)), ("six_month", joined + timedelta(days=182))]
    yearly = [term for term in story.terms[1:] if term.plan in (1, 2, 3)]
    days += [("renewal", term.committed + timedelta(days=14)) for term in yearly[::2]]
    return days


def _between(rng: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, max((last - first).days, 0)))


def _action(rng: random.Random, kind: str, day: date, last: date) -> Action:
    at = office_time(min(day, last), rng)
    trashed = rng.random() < 0.015 and kind.endswith("Call")
    return Action(
        kind=kind,
        at=at,
        is_test=rng.random() < 0.005 and kind.endswith("Call"),
        deleted=at + timedelta(days=rng.randint(1, 200)) if trashed else None,
    )


def _matter(rng: random.Random, day: date, last: date) -> Matter:
    opened = office_time(min(day, last), rng)
    changes = []
    moment = opened
    if rng.random() < 0.92:
        for _ in range(rng.choice([1, 1, 1, 1, 1, 3, 3, 5])):
            moment = moment + timedelta(hours=rng.expovariate(1 / 50) + 1)
            changes.append(moment)
    return Matter(rng.choice(CASE_TYPES), opened, tuple(changes))
