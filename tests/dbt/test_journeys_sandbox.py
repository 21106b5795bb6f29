"""The shipped journeys on the sandbox association, built whole: coverage and what a person is told.

Data flow: sandbox_build (every model and test) -> journey tables -> counted again in Python.
"""

from __future__ import annotations

from collections import Counter

import pytest
from upstream import Built

SHIPPED = {
    *("welcome_90d", "professional_growth", "event_registration", "renewal", "win_back"),
    "case_resolution",
}


def test_every_shipped_journey_is_lived_through(sandbox_build: Built) -> None:
    found = sandbox_build.rows("select journey_id, instances from rpt_journey_outcomes")
    assert {name for name, _ in found} == SHIPPED
    assert all(count > 20 for _, count in found), found


def test_coverage_counts_active_members_with_an_open_journey(sandbox_build: Built) -> None:
    travelling = {
        key
        for (key,) in sandbox_build.rows(
            "select member_key from fct_journey_instance where outcome = 'open'"
        )
    }
    active, inside = Counter[str](), Counter[str]()
    for key, stage in sandbox_build.rows(
        "select member_key, stage from mart_member_360 where is_active_member"
    ):
        for name in (stage, "all"):
            active[name] += 1
            inside[name] += key in travelling
    found = sandbox_build.rows(
        "select stage, active_members, in_a_journey, in_no_journey, coverage"
        " from rpt_journey_coverage"
    )
    assert {row[0] for row in found} == set(active)
    for stage, members, within, without, share in found:
        assert (members, within) == (active[stage], inside[stage]), stage
        assert without == members - within
        assert share == pytest.approx(within / members)


def test_a_person_is_told_the_action_that_is_due_first(sandbox_build: Built) -> None:
    opened: dict[str, list[tuple[object, str]]] = {}
    for key, day, action in sandbox_build.rows(
        "select member_key, due_date, next_action from mart_journey_members"
    ):
        opened.setdefault(key, []).append((day, action))
    for key, count, action, day in sandbox_build.rows(
        "select member_key, open_journeys, next_action, next_action_due_date from mart_member_360"
    ):
        mine = opened.get(key, [])
        assert count == len(mine)
        if mine:
            assert (day, action) in mine
            assert day == min(due for due, _ in mine)
        else:
            assert action is None
