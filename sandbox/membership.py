"""The true membership of one person: terms, applications, pauses, resignations, death.

Data flow: Scale, Person -> Story (everything up to the scale's limit, each fact dated).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from sandbox.people import Person, role_in_group
from sandbox.scale import Scale, add_months

INDIVIDUAL, STUDENT, CALENDAR, MONTHLY, LIFETIME, HONORARY = 1, 2, 3, 4, 5, 6
PLAN_CODES = {
    1: "individual",
    2: "student",
    3: "calendar",
    4: "monthly",
    5: "lifetime",
    6: "honorary",
}
RENEWAL_MODELS = {
    1: "anniversary",
    2: "anniversary",
    3: "fixed",
    4: "continuous",
    5: "lifetime",
    6: "lifetime",
}
PLAN_SHARES = {1: 0.55, 2: 0.10, 3: 0.15, 4: 0.15, 5: 0.03, 6: 0.02}
PRICES_MINOR = {1: 12000, 2: 4000, 3: 11000, 4: 950, 5: 150000, 6: 0}
PRICE_STEPS = {0: 0.75, 2: 0.85, 4: 0.92, 5: 1.0, 7: 1.05}  # years since start -> of today's price
RENEWAL_RATES = (0.63, 0.74, 0.82, 0.85, 0.89, 0.91)
GRACE_DAYS = 30
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """One paid term; `end` is inclusive, None for life; `membership` is 0 or 1 (a rejoiner's)."""

    start: date
    end: date | None
    committed: date
    plan: int
    amount_minor: int
    membership: int
    resigned: date | None = None
    paused: date | None = None
    resumed: date | None = None

    @property
    def effective_end(self) -> date | None:
        return self.resigned - DAY if self.resigned else self.end


@dataclass
class Story:
    """A person's membership life; `missed` are term ends at which the dues did not come."""

    terms: list[Term] = field(default_factory=list)
    applied: date | None = None
    withdrawn: date | None = None
    died: date | None = None
    death_known: date | None = None
    auto_renew: bool = False
    test_membership: date | None = None
    missed: list[date] = field(default_factory=list)

    @property
    def joined(self) -> date | None:
        return self.terms[0].start if self.terms else None


def price(scale: Scale, plan: int, day: date) -> int:
    """Dues in minor units as they stood on `day`."""
    years = day.year - scale.start.year
    factor = [share for since, share in PRICE_STEPS.items() if since <= years]
    return round(PRICES_MINOR[plan] * (factor[-1] if factor else 0.75) / 50) * 50


def story(scale: Scale, person: Person) -> Story:
    """The membership story of a person, non-members included."""
    rng = scale.rng("membership", person.index)
    result = Story()
    lifetime = rng.expovariate(0.005) * 365  # half a per cent dies each year
    lag = rng.choice([0, 0, 0, rng.randint(1, 30), rng.randint(5, 90), rng.randint(60, 300)])
    if person.kind == "member":
        joined = person.arrival + timedelta(days=lag)
        if rng.random() < 0.4:
            result.applied = joined
            joined += timedelta(days=rng.randint(1, 40))
        _Career(scale, rng, result).run(joined)
    elif person.kind == "applicant":
        result.applied = person.arrival + timedelta(days=min(lag, 60))
        if rng.random() < 0.55:
            result.withdrawn = result.applied + timedelta(days=rng.randint(2, 60))
    elif person.kind == "inquirer" and rng.random() < 0.05:
        result.test_membership = person.arrival + timedelta(days=10)
    dies = person.arrival + timedelta(days=int(lifetime))
    is_possible = bool(result.terms) and role_in_group(person.index) is None
    if is_possible and result.terms[0].start + 60 * DAY < dies < scale.limit:
        _end_by_death(result, dies, dies + timedelta(days=rng.randint(1, 20)))
    return result


def _end_by_death(result: Story, died: date, known: date) -> None:
    result.died, result.death_known = died, known
    kept = [term for term in result.terms if term.committed < died and term.start <= died]
    last = kept[-1]
    if last.resigned and last.resigned >= died:
        last = replace(last, resigned=None)
    if last.paused and (last.paused >= died or (last.resumed and last.resumed >= died)):
        shifted = last.resumed - last.paused if last.resumed else timedelta(0)
        end = last.end - shifted if last.end else None
        last = replace(last, paused=None, resumed=None, end=end)
    result.terms = [*kept[:-1], last]
    result.missed = [day for day in result.missed if day < died]


class _Career:
    """Draws term after term until the person is gone for good or the limit is reached."""

    def __init__(self, scale: Scale, rng: random.Random, result: Story) -> None:
        self.scale, self.rng, self.result = scale, rng, result
        self.plan = rng.choices(list(PLAN_SHARES), list(PLAN_SHARES.values()))[0]
        self.membership = 0
        result.auto_renew = self.plan in (INDIVIDUAL, STUDENT) and rng.random() < 0.2

    def run(self, joined: date) -> None:
        start: date | None = joined
        while start and start < self.scale.limit:
            start = self._spell(start)

    def _spell(self, start: date) -> date | None:
        """One contiguous run of terms from `start`; the day the person comes back, or None."""
        if self.plan == MONTHLY:
            start = start.replace(day=min(start.day, 28))
        anchor, months, committed = start, 0, start
        while start < self.scale.limit:
            if self.plan in (LIFETIME, HONORARY):
                self._add(start, None, committed)
                return None
            months += 1 if self.plan == MONTHLY else 12
            end = self._end(start, anchor, months)
            self._add(start, end, committed)
            pauses = self.plan == INDIVIDUAL and not self.result.auto_renew
            if pauses and self.rng.random() < 0.03:
                end = self._pause(end)
            if self.plan != MONTHLY:
                anchor, months = end + DAY, 0
            if self.rng.random() >= self._renewal_chance():
                return self._leave(start, end)
            committed = self._commitment(start, end)
            start = end + DAY
            if self.plan == STUDENT and self.rng.random() < 0.15:
                self.plan = INDIVIDUAL
        return None

    def _add(self, start: date, end: date | None, committed: date) -> None:
        amount = price(self.scale, self.plan, committed)
        self.result.terms.append(Term(start, end, committed, self.plan, amount, self.membership))

    def _end(self, start: date, anchor: date, months: int) -> date:
        if self.plan == CALENDAR:
            full_year = start.month == 1 and start.day == 1
            late = start.month >= 9 and not full_year
            return date(start.year + (1 if late else 0), 12, 31)
        return add_months(anchor, months) - DAY

    def _pause(self, end: date) -> date:
        """Pause well inside the latest term; its end moves by as many days as that lasted."""
        term = self.result.terms[-1]
        begin = term.start + timedelta(days=self.rng.randint(100, 150))
        length = timedelta(days=self.rng.randint(30, 60))
        moved = replace(term, paused=begin, resumed=begin + length, end=end + length)
        self.result.terms[-1] = moved
        return end + length

    def _renewal_chance(self) -> float:
        number = len(self.result.terms)
        if self.plan == MONTHLY:
            return float(RENEWAL_RATES[min((number - 1) // 12, 5)] ** (1 / 12))
        return RENEWAL_RATES[min(number - 1, 5)]

    def _commitment(self, start: date, end: date) -> date:
        """When the next term was paid: early, on time, or late but within grace."""
        draw = self.rng.random()
        if self.plan == MONTHLY:
            late = draw < 0.03
            if late:
                self.result.missed.append(end)
            return end + timedelta(
                days=self.rng.randint(1, 25) if late else -self.rng.randint(0, 2)
            )
        if self.result.auto_renew:
            if draw < 0.04:
                self.result.missed.append(end)
                return end + timedelta(days=self.rng.randint(1, 12))
            return end - timedelta(days=self.rng.randint(0, 3))
        if draw < 0.12:
            return max(start + 30 * DAY, end - timedelta(days=self.rng.randint(46, 100)))
        if draw < 0.80:
            return max(start, end - timedelta(days=self.rng.randint(0, 45)))
        return end + timedelta(days=self.rng.randint(1, GRACE_DAYS))

    def _leave(self, start: date, end: date) -> date | None:
        """Resign or lapse; then perhaps come back, on the same membership or on a new one."""
        gone = end + DAY
        if self.rng.random() < (0.3 if self.plan == MONTHLY else 0.12):
            back = 10 if self.plan == MONTHLY else 120
            resigned = max(start + 5 * DAY, end - timedelta(days=self.rng.randint(0, back)))
            self.result.terms[-1] = replace(self.result.terms[-1], resigned=resigned)
            gone = resigned
        else:
            self.result.missed.append(end)
        draw = self.rng.random()
        if draw < 0.18:
            return gone + timedelta(days=self.rng.randint(GRACE_DAYS + 1, 365))
        if draw < 0.26:
            if self.rng.random() < 0.5:
                self.membership = 1
            if self.plan == STUDENT:
                self.plan = INDIVIDUAL
            return gone + timedelta(days=self.rng.randint(366, 900))
        return None
