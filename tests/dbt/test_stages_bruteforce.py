"""The stage history against a second implementation that looks at every single day.

Data flow: random lives -> dbt models -> stage history; the same lives -> stage_oracle; compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import stage_oracle
from downstream import SINCE, TODAY, build, query, rows_of, shared_build, some_lives
from jinja2 import Template
from stage_oracle import MODELS, Life, stage

Stay = tuple[str, str, date, date | None]
HISTORY = "select member_key, stage, valid_from, valid_to from fct_lifecycle_stage_history"
PROJECT_TESTS = Path(__file__).parents[2] / "dbt_project" / "tests"


def days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def expected_stays(life: Life) -> list[Stay]:
    """The oracle's days, equal neighbours joined."""
    stays: list[tuple[str, date]] = []
    for day in days(min(SINCE, life.first_seen), TODAY):
        now = stage(life, day)
        if now and (not stays or stays[-1][0] != now):
            stays.append((now, day))
    ends = [begin for _, begin in stays[1:]] + [None]
    return [(life.key, name, begin, end) for (name, begin), end in zip(stays, ends, strict=True)]


def known_by(life: Life, day: date) -> Life:
    """What anybody could have known of this life on that day."""

    def past(moment: date | None) -> date | None:
        return moment if moment and moment <= day else None

    return replace(
        life,
        terms=[replace(t, resigned=past(t.resigned)) for t in life.terms if t.committed <= day],
        touches=[touch for touch in life.touches if touch[0] <= day],
        applications=[(a, past(w)) for a, w in life.applications if a <= day],
        pauses=[(p, past(r)) for p, r in life.pauses if p <= day],
        deceased=past(life.deceased),
    )


def shortly_before_a_resignation(lives: list[Life]) -> date:
    """A day on which hindsight would show: somebody quiet is about to resign from a long term."""
    days_before = [
        term.resigned - timedelta(days=3)
        for life in lives
        for term in life.terms
        if term.resigned
        and MODELS[term.plan][0] in ("fixed", "anniversary")
        and not term.auto_renew
        and stage(life, term.resigned - timedelta(days=3)) in ("dormant", "engaged", "advocate")
    ]
    return sorted(days_before)[len(days_before) // 2]


def test_every_stage_of_every_day_is_the_oracles(tmp_path_factory: pytest.TempPathFactory) -> None:
    lives, database = shared_build(tmp_path_factory)
    found: dict[str, list[Stay]] = {}
    for row in query(database, HISTORY + " order by member_key, valid_from"):
        found.setdefault(row[0], []).append(row)
    wrong = {life.key: life for life in lives if found.get(life.key, []) != expected_stays(life)}
    assert not wrong, f"{len(wrong)} lives differ, the first: {next(iter(wrong.values()))}"
    assert len({stay[1] for stays in found.values() for stay in stays}) == 15, "a stage is missing"


@pytest.mark.parametrize(
    "changed", ["dormant_days", "onboarding_days", "renewal_window_days", "lapsed_days"]
)
def test_the_comparison_notices_a_threshold_off_by_one(changed: str) -> None:
    """Guards the guard: moving a rule by a day changes the oracle's answer for these lives."""
    names = {
        "dormant_days": "DORMANT",
        "onboarding_days": "ONBOARDING",
        "renewal_window_days": "WINDOW",
        "lapsed_days": "LAPSED",
    }
    lives = some_lives(60)
    before = [expected_stays(life) for life in lives]
    name = names[changed]
    value = getattr(stage_oracle, name)
    try:
        setattr(stage_oracle, name, value + 1)
        after = [expected_stays(life) for life in lives]
    finally:
        setattr(stage_oracle, name, value)
    assert before != after


def test_yesterdays_history_is_todays_cut_short(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing known only later reaches back: built at K equals today's history up to K."""
    lives, database = shared_build(tmp_path_factory)
    cut = shortly_before_a_resignation(lives)
    then = [life for life in lives if life.created <= cut]
    rows = rows_of([known_by(life, cut) for life in then])
    earlier = build(tmp_path, rows, as_of_date=cut.isoformat())
    keys = {life.key for life in then}
    wanted = {
        (key, name, begin, end if end and end <= cut else None)
        for key, name, begin, end in query(database, HISTORY)
        if begin <= cut and key in keys
    }
    assert set(query(earlier, HISTORY)) == wanted
    # the same of plan, tenure band and arrears: what was so by then is so in either file
    states = (
        "select member_key, stage, plan_code, tenure_band, is_in_arrears, valid_from"
        f" from fct_member_state_history where valid_from <= date '{cut}'"
    )
    assert set(query(earlier, states)) == {row for row in query(database, states) if row[0] in keys}


@pytest.mark.parametrize(
    "test",
    [
        "downstream_stage_history_is_unbroken",
        "downstream_stage_transitions_are_legal",
        "downstream_stage_counts_agree",
        "downstream_snapshots_agree",
        "downstream_transitions_add_up",
        "downstream_todays_state_agrees",
        "downstream_member_360_covers_every_member",
        "downstream_renewal_rate_adds_up",
        "downstream_first_joins_are_conserved",
    ],
)
def test_invariants_hold_for_the_oddest_lives(
    test: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The project's own singular tests, on lives with every edge."""
    _, database = shared_build(tmp_path_factory)
    assert query(database, rendered(test)) == []


def rendered(test: str) -> str:
    """A singular test as plain SQL: only these three macros occur in them."""
    template = Template((PROJECT_TESTS / f"{test}.sql").read_text(encoding="utf-8"))
    today = f"date '{TODAY}'"
    return template.render(
        ref=lambda name: name,
        as_of_date=lambda: today,
        add_days=lambda day, count: f"cast({day} + ({count}) as date)",
    )
