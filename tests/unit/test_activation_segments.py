"""Segment files: every problem is named with its file and line, and rules are only conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from activation.segments import SegmentsInvalid, compile_segments, load_segments, read_segment

COLUMNS = {"stage", "days_in_stage", "is_active_member", "welcome_sent_date"}
GOOD = """\
id: 01_new_welcome
title: New members to welcome
version: 2
description: Joined in the last two weeks, not welcomed yet.
owner_team: membership
purpose: membership
channel: email
priority: 10
cool_down_days: 14
rule: |
  stage = 'onboarding'
  and days_in_stage between 0 and 14
  and welcome_sent_date is null
exit: welcomed, or day 15
journey: welcome_90d
"""


def with_rule(rule: str) -> str:
    head, _, tail = GOOD.partition("rule: |\n")
    return f"{head}rule: |\n  {rule}\nexit:{tail.partition('exit:')[2]}"


def problems(text: str) -> list[str]:
    segment, found = read_segment(text, COLUMNS, file="s.yml")
    assert (segment is None) == bool(found)
    return [str(problem) for problem in found]


def test_a_good_file_compiles_for_dbt() -> None:
    segment, found = read_segment(GOOD, COLUMNS, file="s.yml")
    assert found == []
    assert segment is not None
    assert compile_segments([segment]) == [
        {
            "id": "01_new_welcome",
            "version": 2,
            "rule": "stage = 'onboarding' AND days_in_stage BETWEEN 0 AND 14 "
            "AND welcome_sent_date IS NULL",
            "columns": ["days_in_stage", "stage", "welcome_sent_date"],
            "priority": 10,
            "purpose": "membership",
            "channel": "email",
            "owner_team": "membership",
        }
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "stage = 'a'; drop table members",
        "stage in (select stage from members)",
        "exists (select 1)",
        "drop table members",
        "stage = 'a' union select 1",
        "lower(stage) = 'a'",
        "read_text('/etc/passwd') = stage",
        "stage like 'a%'",
        "stage::int = 1",
        "members.stage = 'a'",
        "case when is_active_member then true end",
        "stage = $1",
        "days_in_stage + 1",
        "'a'",
        "1 = 1",
        "days_in_stage in (days_in_stage)",
        "stage = 'a' and",
        "x'; drop table members; --",
        "stag = 'a'",
        'stage = "onboarding"',
    ],
)
def test_what_is_not_a_plain_condition_is_refused_at_its_line(rule: str) -> None:
    found = problems(with_rule(rule))
    assert found
    assert all(problem.startswith("s.yml:11: rule: ") for problem in found)


@pytest.mark.parametrize(
    "rule",
    [
        "is_active_member",
        "not is_active_member or stage in ('grace', 'lapsed')",
        "abs(coalesce(days_in_stage, 0) - 3) * 2 <= 10 % 4",
        "stage is not null -- a comment",
        "days_in_stage not between -1 and 1",
    ],
)
def test_plain_conditions_pass(rule: str) -> None:
    assert problems(with_rule(rule)) == []


def test_a_comment_never_reaches_the_compiled_rule() -> None:
    segment, _ = read_segment(with_rule("stage = 'a' /* x */ -- y"), COLUMNS, file="s.yml")
    assert segment is not None
    assert segment.rule_sql == "stage = 'a'"


def test_the_line_of_a_problem_within_a_long_rule() -> None:
    text = GOOD.replace("days_in_stage between", "days_in_stge between")
    assert problems(text) == [
        "s.yml:12: rule: unknown column 'days_in_stge'; did you mean 'days_in_stage'?"
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("id: 01_new_welcome", 'id: "x\'; drop table members; --"', 1),
        ("id: 01_new_welcome", "id: New Welcome", 1),
        ("purpose: membership", "purpose: advertising", 6),
        ("channel: email", "channel: pigeon", 7),
        ("priority: 10", "priority: '10'", 8),
        ("priority: 10", "priority: 10\npriority: 11", 9),
        ("cool_down_days: 14", "cool_down: 14", 9),
        ("owner_team: membership\n", "", 1),
    ],
)
def test_bad_keys_and_values_are_named_with_their_line(old: str, new: str, line: int) -> None:
    found = problems(GOOD.replace(old, new, 1))
    assert any(problem.startswith(f"s.yml:{line}: ") for problem in found)


def test_all_problems_of_all_files_are_listed_together(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD.replace("version: 2", "version: two"))
    (tmp_path / "b.yml").write_text("- a list\n")
    (tmp_path / "c.yml").write_text("id: [\n")
    (tmp_path / "d.yml").write_bytes(b"id: \xff\n")
    (tmp_path / "e.yml").write_text(GOOD)
    (tmp_path / "f.yml").write_text(GOOD)
    with pytest.raises(SegmentsInvalid) as caught:
        load_segments(tmp_path, COLUMNS)
    files = [problem.file for problem in caught.value.problems]
    assert files == [f"config/segments/{name}.yml" for name in "abcdf"]
    assert "is also in config/segments/e.yml" in str(caught.value)


def test_explain_says_which_condition_holds() -> None:
    segment, _ = read_segment(GOOD, COLUMNS, file="s.yml")
    assert segment is not None
    row = {"stage": "onboarding", "days_in_stage": 20, "welcome_sent_date": None}
    assert segment.explain(row) == [
        ("stage = 'onboarding'", True),
        ("days_in_stage BETWEEN 0 AND 14", False),
        ("welcome_sent_date IS NULL", True),
    ]
    unknown = segment.explain(row | {"days_in_stage": None})
    assert unknown[1] == ("days_in_stage BETWEEN 0 AND 14", None)
