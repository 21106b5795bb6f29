"""Renewal rate and first-year retention against plain loops over the same lives.

Data flow: random lives -> dbt models -> metric tables; lives -> counting by hand; compare.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from downstream import TODAY, query, shared_build
from stage_oracle import MODELS, Life, Term

Z = 1.959963984540054
GRACE = 30
Observation = tuple[int, bool]  # days seen, left at their end


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def kaplan_meier(seen: list[Observation], horizon: int) -> tuple[float, float | None, float | None]:
    """Survival at the horizon and its log-log interval, straight from the textbook."""
    survival, variance = 1.0, 0.0
    for moment in sorted({days for days, left in seen if left and days <= horizon}):
        at_risk = sum(days >= moment for days, _ in seen)
        gone = sum(days == moment and left for days, left in seen)
        survival *= 1 - gone / at_risk
        if at_risk > gone:
            variance += gone / (at_risk * (at_risk - gone))
    if not 0 < survival < 1:
        return survival, None, None
    spread = math.exp(Z * math.sqrt(variance) / abs(math.log(survival)))
    return survival, survival**spread, survival ** (1 / spread)


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """The Wilson score interval as its roots are usually written."""
    centre = (hits + Z * Z / 2) / (tries + Z * Z)
    half = Z / (tries + Z * Z) * math.sqrt(hits * (tries - hits) / tries + Z * Z / 4)
    return centre - half, centre + half


def first_membership(life: Life) -> tuple[date, Observation] | None:
    """When a person first joined, and how long that membership was seen."""
    terms = sorted(life.terms, key=lambda term: (term.start, term.effective_end))
    terms = [term for term in terms if term.committed <= TODAY]
    if not terms or terms[0].start > TODAY:
        return None
    joined, spell = terms[0].start, life.spell_of[terms[0]]
    last = [term for term in terms if life.spell_of[term] == spell][-1]
    end = last.effective_end
    over = min(end, date(9000, 1, 1)) + timedelta(days=last.grace)
    if life.deceased and life.deceased <= min(TODAY, over):
        return joined, ((life.deceased - joined).days, False)
    if last.resigned or over < TODAY:
        return joined, ((end - joined).days + 1, True)
    return joined, ((min(end, TODAY) - joined).days, False)


def is_excluded(life: Life, term: Term, following: Term | None) -> bool:
    assert term.end is not None
    return (
        MODELS[term.plan][0] not in ("fixed", "anniversary")
        or bool(life.deceased and life.deceased <= term.end + timedelta(days=term.grace))
        or bool(following and following.start <= term.end and following.plan != term.plan)
        or any(p <= term.end and (r is None or term.end < r) for p, r in life.pauses)
    )


def is_renewed(term: Term, following: Term | None) -> bool:
    assert term.end is not None
    limit = term.end + timedelta(days=term.grace)
    return bool(
        following and following.committed <= limit and following.start <= limit + timedelta(days=1)
    )


def test_renewal_rate_counts_every_term_as_a_loop_does(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lives, database = shared_build(tmp_path_factory)
    ending: Counter[date] = Counter()
    renewed: Counter[date] = Counter()
    for life in lives:
        terms = [term for term in life.terms if term.committed <= TODAY]
        terms.sort(key=lambda term: (term.start, term.effective_end))
        for term, following in zip(terms, [*terms, None][1:], strict=True):
            if term.end is None or first_of_month(term.end) > TODAY:
                continue
            if not is_excluded(life, term, following):
                ending[first_of_month(term.end)] += 1
                renewed[first_of_month(term.end)] += is_renewed(term, following)
    found = query(
        database,
        "select period_start, denominator, numerator, value, lo, hi, is_mature,"
        " last_day(period_start) from metric_renewal_rate where slice_name = 'all'",
    )
    assert {row[0]: (row[1], row[2]) for row in found if row[1]} == {
        month: (count, renewed[month]) for month, count in ending.items()
    }
    for _, tries, hits, rate, low, high, is_mature, last_day in found:
        if tries:
            assert (rate, low, high) == pytest.approx(
                (hits / tries, *wilson(hits, tries)), abs=1e-6
            )
        else:
            assert (rate, low, high) == (None, None, None)
        assert is_mature == (last_day + timedelta(days=GRACE) < TODAY)


def test_first_year_retention_is_the_textbook_estimate(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lives, database = shared_build(tmp_path_factory)
    cohorts: dict[date, list[Observation]] = defaultdict(list)
    for life in lives:
        known = first_membership(life)
        if known:
            cohorts[first_of_month(known[0])].append(known[1])
    found = query(
        database,
        "select period_start, joins, exits, retention_90d, retention_180d, value, lo, hi"
        " from metric_first_year_retention",
    )
    assert {row[0]: row[1] for row in found} == {m: len(seen) for m, seen in cohorts.items()}
    assert any(row[6] is not None for row in found), "no cohort has an interval: nothing is tested"
    for month, _, exits, after_90, after_180, after_year, low, high in found:
        seen = cohorts[month]
        horizon = 365 + GRACE
        assert exits == sum(left for days, left in seen if days <= horizon), month
        assert after_90 == pytest.approx(kaplan_meier(seen, 90)[0], abs=1e-6), month
        assert after_180 == pytest.approx(kaplan_meier(seen, 180)[0], abs=1e-6), month
        survival, wanted_low, wanted_high = kaplan_meier(seen, horizon)
        assert after_year == pytest.approx(survival, abs=1e-6), month
        assert (low is None) == (wanted_low is None), month
        if low is not None:
            assert (low, high) == pytest.approx((wanted_low, wanted_high), abs=1e-6), month


def test_onboarding_dropoff_counts_only_those_observed_for_90_days(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lives, database = shared_build(tmp_path_factory)
    meaningful = {"membership_inquiry", "event_attended", "volunteered"}
    observed: Counter[date] = Counter()
    silent: Counter[date] = Counter()
    for life in lives:
        known = first_membership(life)
        if not known or (TODAY - known[0]).days < 90:
            continue
        observed[first_of_month(known[0])] += 1
        silent[first_of_month(known[0])] += not any(
            kind in meaningful and 0 <= (day - known[0]).days <= 90 for day, kind in life.touches
        )
    found = query(
        database,
        "select period_start, observed_90d, dropped_off_90d from metric_first_year_retention"
        " where observed_90d > 0",
    )
    assert {row[0]: row[1:] for row in found} == {m: (n, silent[m]) for m, n in observed.items()}
