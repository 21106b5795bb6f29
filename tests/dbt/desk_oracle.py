"""Cases, survey answers and welcome messages, and the metrics of them by plain loops.

Data flow: keys of people -> random rows -> models; the same rows -> counting -> compared.
Times are naive UTC; the organisation lives in Berlin.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
CASE_TYPES = ("inquiry", "inquiry", "inquiry", "complaint", "hardship", "spam", None)


def local(moment: datetime) -> date:
    """The day in Berlin of a naive UTC moment."""
    return moment.replace(tzinfo=UTC).astimezone(BERLIN).date()


def end_of(day: date) -> datetime:
    """The naive UTC moment at which a day in Berlin is over."""
    midnight = datetime.combine(day + timedelta(days=1), time(), BERLIN)
    return midnight.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Case:
    """A case of one or two people; `last` is the latest resolution."""

    number: str
    kind: str | None
    received: datetime
    first: datetime | None
    last: datetime | None
    is_open: bool


@dataclass(frozen=True)
class Answer:
    """An answer; `key` None is a person nobody knows."""

    number: str
    key: str | None
    survey: str
    point: str | None
    score: int
    at: datetime


def some_cases(rng: random.Random, since: date, until: date) -> list[Case]:
    """Cases with many in the last months, on the edge of 48 hours, reopened, still open."""
    found = []
    for number in range(400):
        back = rng.randint(0, 60) if number % 2 else rng.randint(0, (until - since).days)
        received = end_of(until) - timedelta(days=back, seconds=rng.randint(0, 86400))
        hours = rng.choice([0, 1, 5, 20, 47, 48, 49, 80, 300, 2000])
        first = received + timedelta(hours=hours) if rng.random() < 0.85 else None
        reopened = first is not None and rng.random() < 0.2
        last = first + timedelta(hours=rng.choice([1, 200])) if first and reopened else first
        is_open = first is None or (reopened and rng.random() < 0.5)
        found.append(Case(f"c{number}", rng.choice(CASE_TYPES), received, first, last, is_open))
    return found


def some_answers(rng: random.Random, keys: Sequence[str], since: date, until: date) -> list[Answer]:
    """Answers with repeats in and across waves, unknown people, other surveys, other scales."""
    found = []
    for number in range(900):
        key = rng.choice(keys[:60]) if rng.random() < 0.9 else None
        survey = rng.choice(["nps", "nps", "member-pulse", "nps-transactional", "csat"])
        at = end_of(until) - timedelta(seconds=rng.randint(-86400, (until - since).days * 43200))
        point = rng.choice(["join", "renewal", None])
        score = rng.choice([0, 5, 6, 7, 8, 9, 9, 10, 10, 10, 11])
        found.append(Answer(f"a{number}", key, survey, point, score, at))
    return found


def desk(keys: Sequence[str], since: date, until: date) -> tuple[list[Case], list[Answer]]:
    """The same cases and answers for the same people."""
    rng = random.Random(11)
    return some_cases(rng, since, until), some_answers(rng, keys, since, until)


def welcomes(
    keys: Iterable[str], since: date, until: date
) -> dict[str, list[tuple[datetime, bool]]]:
    """Welcome messages per person, each with whether it bounced."""
    rng = random.Random(12)
    span = (until - since).days
    return {
        key: [
            (
                datetime.combine(since, time(23)) + timedelta(days=rng.randint(0, span)),
                rng.random() < 0.3,
            )
            for _ in range(rng.choice([0, 6, 30]))
        ]
        for key in keys
    }


def desk_rows(keys: Sequence[str], since: date, until: date) -> dict[str, list[tuple[Any, ...]]]:
    """Upstream rows, by table, that say exactly this; every tenth case belongs to two people."""
    cases, answers = desk(keys, since, until)
    case_rows: list[tuple[Any, ...]] = []
    for number, case in enumerate(cases):
        status = "open" if case.is_open else "resolved"
        for key in keys[number % 50 : number % 50 + (2 if number % 10 == 0 else 1)]:
            times = (case.received, case.first, case.last)
            case_rows.append(("x", key, case.number, status, case.kind, *times))
    return {
        "conformed__cases": case_rows,
        "conformed__surveys": [
            ("x", a.key, a.number, a.score, a.at, a.survey, a.point) for a in answers
        ],
        "conformed__messages": [
            ("x", key, "welcome", at, at if bounced else None)
            for key, messages in welcomes(keys, since, until).items()
            for at, bounced in messages
        ],
    }
