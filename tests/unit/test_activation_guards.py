"""Guards: what stops a whole push, what holds one segment, and what the operator reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from activation.guards import (
    NightFacts,
    SegmentCounts,
    judge_night,
    judge_segment,
    judge_segments,
)
from connectors.platforms.protocol import PushPolicy

POLICY = PushPolicy()
GOOD = NightFacts(
    audited=True,
    as_of=date(2026, 6, 30),
    now=datetime(2026, 6, 30, 21, tzinfo=UTC),
    contacts=3000,
    candidates=400,
    delivered=390,
    readback_age=timedelta(minutes=1),
)


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ({}, ""),
        ({"audited": False}, "audit"),
        ({"as_of": date(2026, 6, 28)}, ""),
        ({"as_of": date(2026, 6, 27)}, "stale_source"),
        ({"as_of": date(2026, 7, 1)}, ""),  # local date ahead of UTC
        ({"as_of": date(2026, 7, 2)}, "stale_source"),
        ({"contacts": 0}, "empty_source"),
        ({"candidates": 0}, "empty_source"),
        ({"candidates": 0, "delivered": 10}, "empty_source"),
        ({"candidates": 0, "delivered": 9}, ""),
        ({"readback_age": None}, "no_readback"),
        ({"readback_age": timedelta(minutes=30)}, ""),
        ({"readback_age": timedelta(minutes=31)}, "old_readback"),
        ({"readback_age": timedelta(minutes=-5)}, "old_readback"),
        ({"quota_left": 10, "requests_needed": 11}, "quota"),
        ({"quota_left": 10, "requests_needed": 10}, ""),
        ({"audited": False, "contacts": 0}, "audit"),
    ],
)
def test_the_whole_push(change: dict[str, object], guard: str) -> None:
    verdict = judge_night(replace(GOOD, **change), POLICY)  # type: ignore[arg-type]
    assert verdict.guard == guard
    assert verdict.allowed == (guard == "")
    assert bool(verdict.message) == (guard != "")


def counts(before: int, after: int, adds: int, removes: int, first: bool = False) -> SegmentCounts:
    return SegmentCounts(before, after, adds, removes, first)


@pytest.mark.parametrize(
    ("found", "guard"),
    [
        (counts(100, 100, 0, 0), ""),
        (counts(100, 130, 30, 0), ""),  # 30 % exactly
        (counts(100, 131, 31, 0), "brake"),
        (counts(100, 70, 0, 30), ""),
        (counts(100, 69, 0, 31), "brake"),
        (counts(100, 100, 31, 31), "brake"),  # the same number of other people
        (counts(40, 65, 25, 0), ""),  # 25 members exactly, whatever the share
        (counts(40, 66, 26, 0), "brake"),
        (counts(0, 25, 25, 0), ""),
        (counts(0, 26, 26, 0), "brake"),
        (counts(0, 5, 5, 0, first=True), "first_push"),
        (counts(0, 0, 0, 0, first=True), ""),
        (counts(9, 0, 0, 9), ""),
        (counts(10, 0, 0, 10), "emptying"),
        (counts(100, 110, 10, 0, first=True), ""),  # adopted: it was there before
    ],
)
def test_one_segment(found: SegmentCounts, guard: str) -> None:
    verdict = judge_segment("01_x", found, POLICY, "abc")
    assert verdict.guard == guard
    if guard:
        assert f"{found.before} " in verdict.message
        assert "before" in verdict.message
        assert f"{found.after} after" in verdict.message
        assert "journey push --approve abc" in verdict.message


def test_a_first_push_may_be_allowed_by_policy() -> None:
    allow = PushPolicy(first_push="allow")
    assert judge_segment("01_x", counts(0, 900, 900, 0, True), allow, "abc").allowed


def test_one_held_segment_does_not_hold_the_others() -> None:
    both = {"01_x": counts(100, 10, 0, 90), "20_y": counts(100, 101, 1, 0)}
    verdicts = judge_segments(both, POLICY, {"01_x": "h1", "20_y": "h2"})
    assert [verdicts[name].allowed for name in both] == [False, True]
