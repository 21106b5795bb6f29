"""Dues money in plain Python: one term after another, one day after another.

Data flow: terms and movements of money -> what each term earns on each day -> monthly figures.
The same definitions as the SQL (docs/DECISIONLOG.md, "Dues money"), written as loops.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LIFETIME_YEARS = 20
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """A paid term; `end` is inclusive, None for ever."""

    term_id: str
    member_key: str
    plan: str
    currency: str
    amount: int
    start: date
    end: date | None
    committed: date


@dataclass(frozen=True)
class Movement:
    """Money that came (positive) or went back, and the term it belongs to."""

    key: str
    term_id: str | None
    kind: str
    currency: str
    amount: int
    day: date


@dataclass(frozen=True)
class Part:
    """A performance obligation of a plan."""

    obligation: str
    weight: int
    recognise: str


Cell = tuple[str, str, date]  # term, obligation, first day of a month


def month(day: date) -> date:
    return day.replace(day=1)


def largest_remainder(amount: int, weights: Sequence[int]) -> list[int]:
    """Whole parts that add up to the amount; ties go to the earlier part."""
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    total = sum(weights)
    parts = [size * weight // total for weight in weights]
    order = sorted(range(len(parts)), key=lambda place: (-(size * weights[place] % total), place))
    for place in order[: size - sum(parts)]:
        parts[place] += 1
    return [sign * part for part in parts]


def last_day(term: Term) -> date:
    if term.end is not None:
        return term.end
    try:
        return term.start.replace(year=term.start.year + LIFETIME_YEARS) - ONE_DAY
    except ValueError:  # 29 February
        return term.start.replace(year=term.start.year + LIFETIME_YEARS, day=28) - ONE_DAY


def schedule(
    term: Term, parts: Sequence[Part], refunds: Mapping[date, int], until: date | None = None
) -> dict[Cell, int]:
    """What the term earns in each month, less what refunds take; `until` (inclusive) ends it."""
    amounts = largest_remainder(term.amount, [part.weight for part in parts])
    days = (last_day(term) - term.start).days + 1
    booked: dict[Cell, int] = defaultdict(int)
    before = 0
    for part, amount in zip(parts, amounts, strict=True):
        daily = largest_remainder(amount, [1] * days)
        if part.recognise != "by_day":
            daily = [0] * days
            daily[0 if part.recognise == "at_start" else -1] = amount
        earned = counted = given_back = 0
        day = min([term.start, *refunds])
        while day <= max([last_day(term), *refunds]) and (until is None or day <= until):
            if term.start <= day <= last_day(term):
                earned += daily[(day - term.start).days]
            given_back += refunds.get(day, 0)
            allowed = amount - given_back * (before + amount) // term.amount
            allowed += given_back * before // term.amount
            now = min(earned, allowed) if term.amount > 0 else earned
            booked[term.term_id, part.obligation, month(day)] += now - counted
            counted = now
            day += ONE_DAY
        before += amount
    return booked


def monthly(
    terms: Sequence[Term],
    movements: Sequence[Movement],
    plans: Mapping[str, Sequence[Part]],
    today: date,
) -> dict[tuple[str, date], dict[str, int]]:
    """(currency, month) -> billed, credited, collected, recognised and what stands at its end."""
    figures: dict[tuple[str, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    collected: dict[tuple[str, date], int] = defaultdict(int)
    earned: dict[tuple[str, date], int] = defaultdict(int)
    currency = {term.term_id: term.currency for term in terms}
    for move in movements:
        at = figures[move.currency, month(move.day)]
        at["collected" if move.term_id else "collected_without_term"] += move.amount
        if move.term_id:
            collected[move.term_id, month(move.day)] += move.amount
            if move.kind != "payment":
                at["credited" if move.kind == "refund" else "charged_back"] -= move.amount
    for term in terms:
        figures[term.currency, month(term.committed)]["billed"] += term.amount
        refunds = refunds_of(term, movements)
        for (_, _, start), amount in schedule(term, plans[term.plan], refunds, today).items():
            figures[term.currency, start]["recognised"] += amount
            earned[term.term_id, start] += amount
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    ahead: dict[str, int] = defaultdict(int)
    for (code, start), at in sorted(figures.items()):
        for name in ("billed", "credited", "collected", "recognised"):
            sums[code][name] += at[name]
        for term_id in (one for one, its in currency.items() if its == code):
            ahead[term_id] += collected.pop((term_id, start), 0) - earned.pop((term_id, start), 0)
        mine = [amount for term_id, amount in ahead.items() if currency[term_id] == code]
        total = sums[code]
        at["still_to_recognise"] = total["billed"] - total["credited"] - total["recognised"]
        at["contract_liability"] = sum(amount for amount in mine if amount > 0)
        at["contract_asset"] = -sum(amount for amount in mine if amount < 0)
        at["receivable"] = total["billed"] - total["credited"] - total["collected"]
    return figures


def refunds_of(term: Term, movements: Sequence[Movement]) -> dict[date, int]:
    """Day -> what was refunded of the term."""
    found: dict[date, int] = defaultdict(int)
    for move in movements:
        if move.term_id == term.term_id and move.kind == "refund":
            found[move.day] -= move.amount
    return dict(found)
