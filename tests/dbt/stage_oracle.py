"""The stage machine a second time, written day by day and as plainly as the definition reads.

Data flow: random Life -> stage(life, day) for every day -> compared with the SQL by the test.
Nothing here shares code or method with the models: no breakpoints, no windows, only loops.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

FOREVER = date(9999, 12, 31)
ONBOARDING, WINDOW, DORMANT, LAPSED, RESEARCH, ADVOCATE = 90, 90, 180, 365, 90, 365
MODELS = {  # plan -> (renewal model, grace days, reinstate days)
    "individual": ("anniversary", 30, 365),
    "calendar": ("fixed", 30, 365),
    "short": ("anniversary", 14, 100),
    "monthly": ("continuous", 30, 365),
    "lifetime": ("lifetime", 30, 365),
}


@dataclass(frozen=True)
class Term:
    """A paid term; `end` None is for life, `resigned` the first day without membership."""

    plan: str
    start: date
    end: date | None
    committed: date
    resigned: date | None = None
    auto_renew: bool = False

    @property
    def effective_end(self) -> date:
        last = self.end or FOREVER
        return min(last, self.resigned - timedelta(days=1)) if self.resigned else last

    @property
    def grace(self) -> int:
        return MODELS[self.plan][1]


@dataclass
class Life:
    """Everything the machine may know about one person."""

    key: str
    created: date
    terms: list[Term] = field(default_factory=list)
    touches: list[tuple[date, str]] = field(default_factory=list)
    applications: list[tuple[date, date | None]] = field(default_factory=list)
    pauses: list[tuple[date, date | None]] = field(default_factory=list)
    deceased: date | None = None
    erased: bool = False

    @cached_property
    def first_seen(self) -> date:
        days = [self.created, *(t.start for t in self.terms), *(a for a, _ in self.applications)]
        return min([*days, *(d for d, kind in self.touches if kind != "email_sent")])

    @cached_property
    def spell_of(self) -> dict[Term, tuple[str, date]]:
        """Kind and first day of the spell of every term."""
        return spells(self.terms)


# activity -> (member-initiated, meaningful, high intent, advocacy)
FLAGS = {
    "membership_inquiry": (True, True, True, False),
    "event_attended": (True, True, False, False),
    "payment_made": (True, False, False, False),
    "volunteered": (True, True, False, True),
    "email_sent": (False, False, False, False),
}


def _touched(life: Life, day: date, flag: int, within: int) -> bool:
    return any(FLAGS[kind][flag] and 0 <= (day - on).days <= within for on, kind in life.touches)


def spells(terms: list[Term]) -> dict[Term, tuple[str, date]]:
    """Kind and first day of the spell of every term."""
    found: dict[Term, tuple[str, date]] = {}
    current: tuple[str, date] | None = None
    earlier: list[Term] = []
    for term in sorted(terms, key=lambda t: (t.start, t.effective_end)):
        kind = None
        if not earlier:
            kind = "join"
        else:
            before = earlier[-1]
            gap = (term.start - max(t.effective_end for t in earlier)).days - 1
            if gap > MODELS[before.plan][2]:
                kind = "rejoin"
            elif gap > before.grace or (before.resigned and term.start >= before.resigned):
                kind = "reinstatement"
        current = (kind, term.start) if kind else current
        assert current is not None
        found[term] = current
        earlier.append(term)
    return found


def _without_term(life: Life, day: date) -> str:
    if any(a <= day and not (w and w <= day) for a, w in life.applications):
        return "applicant"
    if _touched(life, day, 2, RESEARCH):
        return "research"
    return "awareness" if _touched(life, day, 0, 10**6) else "prospect"


def _in_term(life: Life, day: date, term: Term, kind: str, began: date) -> str:
    model = MODELS[term.plan][0]
    if any(p <= day and not (r and r <= day) for p, r in life.pauses):
        return "paused"
    if kind in ("join", "rejoin") and day < began + timedelta(days=ONBOARDING):
        return "onboarding"
    if (
        model in ("fixed", "anniversary")
        and not term.auto_renew
        and term.end is not None
        and (term.end - day).days < WINDOW
        and not any(t.start > term.start and t.committed <= day for t in life.terms)
    ):
        return "renewal_due"
    if _touched(life, day, 3, ADVOCATE):
        return "advocate"
    return "engaged" if _touched(life, day, 1, DORMANT) else "dormant"


def stage(life: Life, day: date) -> str | None:
    """The stage of a person on a day; None before the first day of their history."""
    if day < life.first_seen:
        return None
    if life.erased:
        return "erased"
    if life.deceased and life.deceased <= day:
        return "deceased"
    counting = [t for t in life.terms if t.committed <= day and t.start <= day]
    if not counting:
        return _without_term(life, day)
    last = max(counting, key=lambda t: (t.start, t.effective_end))
    furthest = max(counting, key=lambda t: (t.effective_end, t.start))
    kind, began = life.spell_of[last]
    end = furthest.effective_end
    if day <= end:
        return _in_term(life, day, furthest, kind, began)
    over = (day - end).days
    if over <= last.grace and not (last.resigned and last.resigned <= day):
        return "grace"
    return "lapsed" if over <= last.grace + LAPSED else "former"


def _year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def _terms(rng: random.Random, start: date, until: date) -> list[Term]:
    """Consecutive terms with the gaps at which the rules change their mind."""
    terms: list[Term] = []
    plan = rng.choice(list(MODELS))
    auto = rng.random() < 0.15
    committed = start - timedelta(days=rng.choice([0, 0, 3, -5]))
    while start < until and len(terms) < 14:
        if plan == "lifetime":
            terms.append(Term(plan, start, None, committed))
            break
        if plan == "calendar":
            end = date(start.year, 12, 31)
        elif plan == "monthly":
            end = start + timedelta(days=29)
        else:
            end = _year_after(start) - timedelta(days=1)
        resigned = None
        if rng.random() < 0.12:
            resigned = start + timedelta(days=rng.randint(1, (end - start).days + 5))
        terms.append(Term(plan, start, end, committed, resigned, auto))
        if rng.random() < 0.15:
            break
        last = terms[-1].effective_end
        gap = rng.choice([0, 0, 0, 0, 0, 1, 14, 15, 30, 31, 99, 101, 200, 364, 365, 366, 367, 500])
        start = last + timedelta(days=1 + gap)
        # paid long before, on the edge of the window, in grace, far too late; never before the
        # term that precedes it was committed
        late = rng.choice([-120, -91, -90, -89, -30, -1, 0, 1, 29, 30, 31, 60, 200])
        committed = max(start + timedelta(days=late), committed)
        if resigned:
            committed = max(committed, resigned)
        if rng.random() < 0.2:
            plan = rng.choice(list(MODELS))
    return terms


def random_life(rng: random.Random, key: str, since: date, until: date) -> Life:
    """A life with many edges: touches exactly 90, 180 or 365 days apart, gaps of grace +- 1."""
    span = (until - since).days
    life = Life(key, since + timedelta(days=rng.randint(0, span)))
    if rng.random() < 0.8:
        life.terms = _terms(rng, since + timedelta(days=rng.randint(0, span - 30)), until)
    day = since + timedelta(days=rng.randint(0, span))
    for _ in range(rng.choice([0, 1, 2, 5, 9])):
        life.touches.append((day, rng.choice(list(FLAGS))))
        day += timedelta(days=rng.choice([0, 1, 40, 89, 90, 91, 92, 179, 180, 181, 182, 365, 366]))
    if rng.random() < 0.4:
        opened = min([t.start for t in life.terms], default=day) - timedelta(rng.randint(0, 40))
        withdrawn = opened + timedelta(days=rng.randint(0, 90)) if rng.random() < 0.5 else None
        life.applications.append((opened, withdrawn))
    if life.terms and rng.random() < 0.3:
        paused = rng.choice(life.terms).start + timedelta(days=rng.randint(0, 200))
        life.pauses.append((paused, paused + timedelta(days=rng.choice([0, 1, 30, 90]))))
    if rng.random() < 0.08:
        life.deceased = since + timedelta(days=rng.randint(0, span))
    life.erased = rng.random() < 0.02
    return life
