"""The stage of a person on each day, by evaluating the definition for that day, every day.

Data flow: Facts, days -> stage per day (numpy array of strings) -> intervals.

This is the test's second opinion: it knows nothing of breakpoints. Each rule below is one mask over
all days; the first mask that holds on a day names its stage. Days are numpy datetime64[D].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from sandbox.facts import ADVOCACY, HIGH_INTENT, INITIATED, MEANINGFUL, Facts, KnownTerm

ONBOARDING_DAYS = 90
RENEWAL_WINDOW_DAYS = 90
DORMANT_DAYS = 180
LAPSED_DAYS = 365
REINSTATE_DAYS = 365
RESEARCH_DAYS = 90
ADVOCATE_DAYS = 365
Days = npt.NDArray[np.datetime64]
Mask = npt.NDArray[np.bool_]
FAR = date(9000, 1, 1)
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Spell:
    """One run of terms: when it began and whether it is a join, a reinstatement or a rejoin."""

    start: date
    kind: str


def spells(terms: tuple[KnownTerm, ...]) -> list[Spell]:
    """The spell of each term, in the order of the terms (by start)."""
    found: list[Spell] = []
    for number, term in enumerate(terms):
        if number == 0:
            found.append(Spell(term.start, "join"))
            continue
        previous = terms[number - 1]
        gap = (term.start - previous.last_day).days - 1
        if gap <= previous.grace_days and not previous.resigned:
            found.append(found[-1])
        elif gap <= REINSTATE_DAYS:
            found.append(Spell(term.start, "reinstatement"))
        else:
            found.append(Spell(term.start, "rejoin"))
    return found


def day_range(first: date, last: date) -> Days:
    """All days from first to last, both included."""
    return np.arange(np.datetime64(first), np.datetime64(last) + 1, dtype="datetime64[D]")


def within(days: Days, moments: list[date], length: int) -> Mask:
    """Days d with some moment t such that 0 <= d - t <= length."""
    if not moments:
        return np.zeros(len(days), dtype=np.bool_)
    past = np.sort(_days(moments))
    number = np.searchsorted(past, days, side="right")  # of moments up to each day
    age = (days - past[number - 1]).astype(int)  # of the latest of them
    found: Mask = (number > 0) & (age <= length)
    return found


class Timeline:
    """The masks of one person over some days; `terms` in order of their start."""

    def __init__(self, facts: Facts, days: Days) -> None:
        self.facts, self.days = facts, days
        self.terms = tuple(sorted(facts.terms, key=lambda term: term.start))
        self.spells = spells(self.terms)
        count = len(self.terms)
        shape = (count, len(days))
        self.start = _column([term.start for term in self.terms])
        self.end = _column([min(term.last_day, FAR) for term in self.terms])
        self.committed = _column([term.committed for term in self.terms])
        row = days[None, :]
        self.counts = (
            (self.committed <= row) & (self.start <= row) if count else np.zeros(shape, bool)
        )
        self.in_force = self.counts & (row <= self.end) if count else np.zeros(shape, bool)
        self.any_counting = _any(self.counts)
        self.in_term = _any(self.in_force)
        self.latest = _last_true(self.counts)  # index of the latest counting term, -1: none
        self.current = _last_true(self.in_force)  # index of the term in force, -1: none

    def of_latest(self, values: list[bool]) -> Mask:
        """A property of the latest counting term on each day."""
        picked: Mask = np.array([*values, False], dtype=np.bool_)[self.latest]
        return picked

    def next_committed(self) -> Mask:
        """Days on which a term later than the one in force is already committed."""
        committed = _last_true(self.committed <= self.days[None, :])
        found: Mask = (self.current >= 0) & (committed > self.current)
        return found

    def current_end(self) -> Days:
        """Agreed end of the term in force (far future where there is none).

        A resignation still to come does not bring it forward: nobody knew of it on that day.
        """
        ends = [min(term.end or FAR, FAR) for term in self.terms]
        return _days([*ends, FAR])[self.current]

    def paused(self) -> Mask:
        mask = np.zeros(len(self.days), dtype=np.bool_)
        for begin, until in self.facts.pauses:
            mask |= (self.days >= np.datetime64(begin)) & (self.days < np.datetime64(until or FAR))
        return mask

    def since(self, day: date | None) -> Mask:
        if day is None:
            return np.zeros(len(self.days), dtype=np.bool_)
        mask: Mask = self.days >= np.datetime64(day)
        return mask


def _any(mask: Mask) -> Mask:
    return np.asarray(mask.any(axis=0), dtype=np.bool_)


def _column(days: list[date]) -> Days:
    return _days(days).reshape(-1, 1)


def _days(days: list[date]) -> Days:
    """Much faster than numpy's own reading of dates."""
    return np.array([day.toordinal() - EPOCH for day in days], dtype=np.int64).view("datetime64[D]")


def _last_true(mask: Mask) -> npt.NDArray[np.intp]:
    if mask.shape[0] == 0:
        return np.full(mask.shape[1], -1, dtype=np.intp)
    reverse = mask.shape[0] - 1 - np.argmax(mask[::-1], axis=0)
    return np.where(mask.any(axis=0), reverse, -1).astype(np.intp)


def stages(facts: Facts, days: Days) -> npt.NDArray[np.str_]:
    """The stage on each day; meaningless before `facts.first_seen`."""
    line = Timeline(facts, days)
    terms, in_term = line.terms, line.in_term
    no_term = ~line.any_counting
    applicant = line.since(facts.applied) & ~line.since(facts.withdrawn)
    onboarding_until = [
        spell.start + timedelta(days=ONBOARDING_DAYS)
        if spell.kind in ("join", "rejoin")
        else date.min
        for spell in line.spells
    ]
    limit = _days([*onboarding_until, date.min])
    renewable = [term.model in ("fixed", "anniversary") and not term.auto_renew for term in terms]
    is_renewable = np.array([*renewable, False], dtype=np.bool_)[line.current]
    closing = days > line.current_end() - np.timedelta64(RENEWAL_WINDOW_DAYS, "D")
    lapse = _end_of_cover(line)
    grace = np.array([*(t.grace_days for t in terms), 0])[line.latest].astype("timedelta64[D]")
    resigned = line.of_latest([term.resigned is not None for term in terms])
    gone = line.any_counting & ~in_term
    rules: list[tuple[str, Mask]] = [
        ("deceased", line.since(facts.died)),
        ("applicant", no_term & applicant),
        ("research", no_term & within(days, facts.days_of(HIGH_INTENT), RESEARCH_DAYS)),
        ("awareness", no_term & within(days, facts.days_of(INITIATED), 10**6)),
        ("prospect", no_term),
        ("paused", in_term & line.paused()),
        ("onboarding", in_term & (days < limit[line.latest])),
        ("renewal_due", in_term & is_renewable & closing & ~line.next_committed()),
        ("advocate", in_term & within(days, facts.days_of(ADVOCACY), ADVOCATE_DAYS)),
        ("dormant", in_term & ~within(days, facts.days_of(MEANINGFUL), DORMANT_DAYS)),
        ("engaged", in_term),
        ("grace", gone & ~resigned & (days <= lapse + grace)),
        ("lapsed", gone & (days <= lapse + grace + np.timedelta64(LAPSED_DAYS, "D"))),
        ("former", gone),
    ]
    first = np.full(len(days), len(rules))
    for number, (_, mask) in reversed(list(enumerate(rules))):
        first[mask] = number
    named: npt.NDArray[np.str_] = np.array([*(name for name, _ in rules), "none"])[first]
    return named


def _end_of_cover(line: Timeline) -> Days:
    """E(d): the greatest effective end among the terms that count on d."""
    if not line.terms:
        return np.full(len(line.days), np.datetime64(FAR))
    nothing = np.datetime64(date.min)
    ends: Days = np.where(line.counts, line.end, nothing).max(axis=0)
    return ends


def intervals(names: npt.NDArray[np.str_], days: Days) -> list[tuple[date, date | None, str]]:
    """Equal neighbours collapsed: (valid_from, valid_to exclusive, stage); the last one is open."""
    if len(days) == 0:
        return []
    turns = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist()]
    found: list[tuple[date, date | None, str]] = []
    for number, at in enumerate(turns):
        until = days[turns[number + 1]].item() if number + 1 < len(turns) else None
        found.append((days[at].item(), until, str(names[at])))
    return found
