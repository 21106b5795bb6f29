"""Transitions, conversions, dwell times and snapshots against plain loops.

Data flow: random lives -> dbt models -> tables; the stays (themselves compared with the oracle in
test_stages_bruteforce) and the lives -> counting by hand; compare.
"""

from __future__ import annotations

import calendar
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from downstream import PROJECT, TODAY, query, shared_build
from stage_oracle import MODELS, Life, Term, stage

Stay = tuple[str, date, date | None]  # stage, first day, first day after
Observation = tuple[int, bool]  # days, whether they ended then
Z = 1.959963984540054
VARS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Life], Path]:
    return shared_build(tmp_path_factory)


@pytest.fixture(scope="module")
def stays(built: tuple[list[Life], Path]) -> dict[str, list[Stay]]:
    """The stays of every person, in order."""
    found: dict[str, list[Stay]] = defaultdict(list)
    sql = "select member_key, stage, valid_from, valid_to from fct_lifecycle_stage_history"
    for key, name, begin, end in query(built[1], sql + " order by member_key, valid_from"):
        found[key].append((name, begin, end))
    return found


def month_ends(until: date) -> Iterator[date]:
    """Every last day of a month from 2019 on."""
    for number in range(12 * 8):
        year, month = 2019 + number // 12, number % 12 + 1
        day = date(year, month, calendar.monthrange(year, month)[1])
        if day <= until:
            yield day


def stage_on(own: list[Stay], day: date) -> str | None:
    return next((s for s, begin, end in own if begin <= day and (not end or day < end)), None)


def counting(life: Life, day: date) -> list[Term]:
    return [term for term in life.terms if term.committed <= day and term.start <= day]


def plan_on(life: Life, day: date) -> str | None:
    """Plan of the term that ends last; after it, of the one that began last."""
    terms = counting(life, day)
    if not terms:
        return None
    furthest = max(terms, key=lambda term: (term.effective_end, term.start))
    if day <= furthest.effective_end:
        return furthest.plan
    return max(terms, key=lambda term: (term.start, term.effective_end)).plan


def band_on(life: Life, day: date) -> str:
    """Tenure band by counting every single day of membership."""
    covered = set()
    for term in counting(life, day):
        last = min(term.effective_end, day, life.deceased or day)
        covered |= set(range(term.start.toordinal(), last.toordinal() + 1))
    if not counting(life, day):
        return "none"
    return [band for band, days in VARS["tenure_bands"].items() if len(covered) >= days][-1]


def in_arrears(life: Life, day: date) -> bool:
    if stage(life, day) != "grace":
        return False
    last = max(counting(life, day), key=lambda term: (term.start, term.effective_end))
    return MODELS[last.plan][0] == "continuous"


def survival(seen: list[Observation], until: int) -> float:
    """Kaplan-Meier, straight from the textbook."""
    left = 1.0
    for moment in sorted({days for days, ended in seen if ended and days <= until}):
        at_risk = sum(days >= moment for days, _ in seen)
        left *= 1 - sum(days == moment and ended for days, ended in seen) / at_risk
    return left


def quantile(seen: list[Observation], share_left: float) -> int | None:
    """The first day by which so few are left."""
    for day in sorted({days for days, _ in seen}):
        if survival(seen, day) <= share_left + 1e-9:
            return day
    return None


def wilson(hits: int, tries: int) -> tuple[float, float]:
    centre = (hits + Z * Z / 2) / (tries + Z * Z)
    half = Z / (tries + Z * Z) * math.sqrt(hits * (tries - hits) / tries + Z * Z / 4)
    return centre - half, centre + half


def test_snapshots_of_every_day_are_the_oracles(built: tuple[list[Life], Path]) -> None:
    lives, database = built
    found = set(query(database, "select * from snap_member_day"))
    wanted = set()
    for number in range(VARS["snapshot_days"]):
        day = TODAY - timedelta(days=number)
        for life in lives:
            now = stage(life, day)
            if now:
                facts = (plan_on(life, day), band_on(life, day), in_arrears(life, day))
                wanted.add((life.key, now, *facts, day))
    assert found == wanted
    assert {row[3] for row in found} >= {"none", "new", "developing", "established"}
    assert any(row[4] for row in found), "nobody is in arrears: nothing is tested"


def test_snapshots_of_every_month_end_are_the_oracles(built: tuple[list[Life], Path]) -> None:
    lives, database = built
    found = set(
        query(
            database,
            "select member_key, stage, plan_code, tenure_band, is_in_arrears, month_end_date"
            " from snap_member_month",
        )
    )
    few = lives[::5]
    wanted = {
        (life.key, now, plan_on(life, day), band_on(life, day), in_arrears(life, day), day)
        for life in few
        for day in month_ends(TODAY)
        if (now := stage(life, day))
    }
    keys = {life.key for life in few}
    assert {row for row in found if row[0] in keys} == wanted
    assert len({row[5] for row in found}) > 70


def test_daily_counts_are_counted_person_by_person(
    built: tuple[list[Life], Path], stays: dict[str, list[Stay]]
) -> None:
    lives, database = built
    first = TODAY - timedelta(days=399)
    people: Counter[tuple[date, str]] = Counter()
    entered: Counter[tuple[date, str]] = Counter()
    left: Counter[tuple[date, str]] = Counter()
    for own in stays.values():
        for name, begin, end in own:
            entered[begin, name] += 1
            if end:
                left[end, name] += 1
            day = max(begin, first)
            while day <= TODAY and (not end or day < end):
                people[day, name] += 1
                day += timedelta(days=1)
    found = query(
        database,
        "select day_date, stage, people, people_entered, people_left from rpt_stage_daily",
    )
    assert {(row[0], row[1]): row[2] for row in found if row[2]} == people
    for day, name, _, came, went in found:
        assert (came, went) == (entered[day, name], left[day, name]), (day, name)
    inside = [key for key in (*entered, *left) if key[0] >= first]
    assert {(row[0], row[1]) for row in found} >= set(inside)
    slices: Counter[tuple[str, str, str]] = Counter()
    for life in lives:
        now = stage(life, TODAY)
        if now:
            slices[now, plan_on(life, TODAY) or "none", band_on(life, TODAY)] += 1
    sliced = query(
        database,
        "select stage, plan_code, tenure_band, people from mart_stage_daily"
        f" where day_date = date '{TODAY}' and people > 0",
    )
    assert {row[:3]: row[3] for row in sliced} == slices


@pytest.mark.parametrize("matrix", ["visit", "month_end"])
def test_transitions_are_counted_stay_by_stay(
    matrix: str, built: tuple[list[Life], Path], stays: dict[str, list[Stay]]
) -> None:
    moves: Counter[tuple[str, str]] = Counter()
    for own in stays.values():
        if matrix == "visit":
            sequence = [name for name, _, _ in own]
        else:
            seen = [stage_on(own, day) for day in month_ends(TODAY)]
            sequence = [name for name in seen if name]
        moves.update(pairwise(sequence))
    rows = query(
        built[1],
        "select from_stage, to_stage, numerator, denominator, value, lo, hi"
        f" from metric_stage_transition where matrix = '{matrix}'",
    )
    assert {row[:2]: row[2] for row in rows} == moves
    for source, _, hits, tries, share, low, high in rows:
        assert tries == sum(count for (begin, _), count in moves.items() if begin == source)
        assert (share, low, high) == pytest.approx((hits / tries, *wilson(hits, tries)))
    if matrix == "visit":
        visits = sum(len(own) for own in stays.values())
        assert sum(row[2] for row in rows) == visits - len(stays)


def test_conversions_count_entries_old_enough(
    built: tuple[list[Life], Path], stays: dict[str, list[Stay]]
) -> None:
    rows = query(
        built[1],
        "select period, from_stage, to_stage, within_days, period_start, entries, denominator,"
        " numerator, excluded_immature, value, incidence, is_mature from metric_stage_conversion",
    )
    found = {row[:5]: row[5:] for row in rows}
    wanted: dict[tuple[str, str, str, int, date], list[tuple[int, int | None]]] = defaultdict(list)
    for pair in VARS["stage_conversions"]:
        source, target, within = pair["from_stage"], pair["to_stage"], pair["within_days"]
        entries = [
            (
                begin,
                next(((other - begin).days for n, other, _ in own[place:] if n == target), None),
            )
            for own in stays.values()
            for place, (name, begin, _) in enumerate(own, start=1)
            if name == source
        ]
        first = min(begin for begin, _ in entries).replace(day=1)
        for begin, reached in entries:
            observed = ((TODAY - begin).days, reached)
            wanted["month", source, target, within, begin.replace(day=1)].append(observed)
            wanted["all", source, target, within, first].append(observed)
    assert found.keys() == wanted.keys()
    assert any(0 < row[1] < row[0] and row[2] for row in found.values())
    for key, observed_entries in wanted.items():
        within = key[3]
        old = [reached for age, reached in observed_entries if age >= within]
        hits = sum(reached is not None and reached <= within for reached in old)
        followed = [
            (reached, True)
            if reached is not None and reached <= within
            else (min(age, within), False)
            for age, reached in observed_entries
        ]
        entries_count, denominator, numerator, immature, value, incidence, mature = found[key]
        assert (entries_count, denominator, numerator) == (len(observed_entries), len(old), hits)
        assert immature == entries_count - denominator
        assert mature == (immature == 0)
        assert value == (pytest.approx(hits / len(old)) if old else None)
        assert incidence == pytest.approx(1 - survival(followed, within), abs=1e-9), key


def test_dwell_times_censor_stays_that_last(
    built: tuple[list[Life], Path], stays: dict[str, list[Stay]]
) -> None:
    seen: dict[str, list[Observation]] = defaultdict(list)
    for own in stays.values():
        for name, begin, end in own:
            seen[name].append((((end or TODAY) - begin).days, end is not None))
    rows = query(
        built[1],
        "select stage, visits, closed_visits, open_visits, median_days, p90_days,"
        " mean_days_of_closed from metric_stage_dwell",
    )
    assert {row[0] for row in rows} == seen.keys()
    for name, visits, closed, still_open, median, p90, mean in rows:
        ended = [days for days, is_over in seen[name] if is_over]
        assert (visits, closed, still_open) == (
            len(seen[name]),
            len(ended),
            len(seen[name]) - len(ended),
        )
        assert (median, p90) == (quantile(seen[name], 0.5), quantile(seen[name], 0.1)), name
        assert mean == (pytest.approx(sum(ended) / len(ended)) if ended else None), name
    naive = sorted(days for days, is_over in seen["former"] if is_over)
    assert len(naive) < len(seen["former"]), "no stay is open: censoring is not tested"
