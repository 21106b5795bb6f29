"""`journey journeys`: what a team sees of its journeys in the published warehouse of an office.

Data flow: an example organisation + a hand-made published file -> the commands -> what they print.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.example import write_example

TABLES = """
create table mart_member_360 as select 'a' as member_key, date '2026-06-30' as as_of_date;
create table rpt_journey_outcomes as
    select 'renewal' as journey_id, 1 as journey_version, 9 as instances, 3 as open_instances,
        4 as successful;
create table fct_journey_stage as
    select 'renewal' as journey_id, 1 as journey_version, * from (values
        ('i1', 1, 'first_notice', true, true), ('i2', 1, 'first_notice', false, true),
        ('i3', 4, 'decide', false, true), ('i3', 1, 'first_notice', false, false)
    ) t(instance_id, stage_no, stage_id, is_stalled, is_open);
create table fct_journey_task as
    select 'renewal' as journey_id, 1 as journey_version, * from (values
        ('i1', 1, 'overdue', date '2026-06-20'), ('i2', 1, 'open', date '2026-07-07'),
        ('i3', 1, 'done', date '2026-05-01')
    ) t(instance_id, stage_no, task_status, due_date);
create table mart_owner_workload as
    select 'membership' as owner_team, 'renewal' as journey_id, 'first_notice' as stage_id,
        2 as people, 1 as overdue, 1 as due_next_7_days, 1 as due_next_30_days,
        date '2026-06-20' as earliest_due_date;
create table mart_journey_members as
    select 'renewal' as journey_id, 'jrn:renewal:' || stage_id as segment_id,
        'membership' as owner_team, 'Write.' as next_action, 5 as days_in_stage, *
    from (values
        ('i2', 'b', 'first_notice', false, date '2026-07-07'),
        ('i1', 'a', 'first_notice', true, date '2026-06-20'),
        ('i3', 'c', 'decide', false, date '2026-07-20')
    ) t(instance_id, member_key, stage_id, is_stalled, due_date);
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_example(tmp_path)
    published = tmp_path / "data" / "published" / "current"
    published.mkdir(parents=True)
    with duckdb.connect(str(published / "analyst.duckdb")) as db:
        db.execute(TABLES)
    return tmp_path


def asked(home: Path, *words: str) -> Any:
    done = CliRunner().invoke(app, ["journeys", *words, "--home", str(home), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_list_counts_the_instances_of_each_journey(home: Path) -> None:
    found = {row["journey"]: row for row in asked(home, "list")}
    assert len(found) == 6
    assert found["renewal"] == {
        "journey": "renewal",
        "version": 1,
        "title": "Renewal",
        "stages": 4,
        "open": 3,
        "ended": 6,
        "succeeded": 4,
        "overdue": 1,
    }
    assert found["win_back"]["open"] == 0


def test_show_counts_people_and_what_is_due_per_stage(home: Path) -> None:
    found = asked(home, "show", "renewal")
    counted = {
        row["stage"]: (
            *(row["people"], row["stalled"], row["overdue"], row["due_7_days"], row["due_30_days"]),
        )
        for row in found["stages"]
    }
    assert counted == {
        "first_notice": (2, 1, 1, 1, 1),
        "reminder": (0, 0, 0, 0, 0),
        "last_call": (0, 0, 0, 0, 0),
        "decide": (1, 0, 0, 0, 0),
    }
    assert found["stages"][0]["segment"] == "jrn:renewal:first_notice"
    assert found["workload"] == [
        {
            "owner_team": "membership",
            "people": 2,
            "overdue": 1,
            "due_7_days": 1,
            "due_30_days": 1,
            "earliest_due_date": "2026-06-20",
        }
    ]


def test_members_are_listed_with_the_most_urgent_first(home: Path) -> None:
    assert [row["member_key"] for row in asked(home, "members", "renewal")] == ["a", "b", "c"]
    found = asked(home, "members", "renewal", "decide")
    assert [(row["member_key"], row["due_date"]) for row in found] == [("c", "2026-07-20")]


@pytest.mark.parametrize("command", ["list", "show renewal", "members renewal"])
def test_tables_are_drawn_and_nothing_is_needed_before_the_first_night(
    command: str, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("new")
    write_example(empty)
    for folder in (home, empty):
        done = CliRunner().invoke(app, ["journeys", *command.split(), "--home", str(folder)])
        assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "renewl"), "there is no journey 'renewl'"),
        (("members", "renewal", "first"), "journey renewal has no stage 'first'"),
    ],
)
def test_unknown_names_are_usage_errors(words: tuple[str, ...], said: str, home: Path) -> None:
    done = CliRunner().invoke(app, ["journeys", *words, "--home", str(home)])
    assert done.exit_code == 2
    assert said in done.stderr
    assert "first_notice" in done.stderr or "renewal" in done.stderr
