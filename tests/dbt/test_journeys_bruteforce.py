"""Every instance, stay and task of random lives, compared with the interpreter, in one dbt run.

Data flow: shipped and odd journeys + random stories -> dbt run -> the tables = the interpreter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import journey_page
import pytest
from downstream import query
from journey_odd import odd_journeys
from journey_oracle import Instance, due, fate, interpret, local_day, midnight, over_after
from journey_stories import COLUMNS, TODAY, flags_of_activities, stories
from upstream import run_dbt

from flows.configuration.journey_files import read_journey, read_journeys
from flows.configuration.journeys import compile_journeys
from flows.home import Home

ROOT = Path(__file__).parents[2]
NOW = midnight(TODAY + timedelta(days=1))
COUNT = 220


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Instance], Path]:
    """What the interpreter says of the stories, and the database dbt built of them."""
    folder = tmp_path_factory.mktemp("journeys")
    shipped, problems = read_journeys(Home(ROOT))
    assert problems == []
    (folder / "page.yml").write_text(journey_page.YAML, encoding="utf-8")
    example, marked = read_journey(folder / "page.yml", "page.yml")
    assert example, marked.problems
    journeys = compile_journeys([*shipped, *odd_journeys(folder / "odd"), example])
    told, rows = stories(COUNT)
    told.append(journey_page.story(rows))
    database, raw = folder / "build.duckdb", folder / "raw.duckdb"
    duckdb.connect(str(raw)).close()
    with duckdb.connect(str(database)) as db:
        for name, columns in COLUMNS.items():
            db.execute(f"create table {name} ({columns})")
            marks = ", ".join("?" * len(rows[name][0]))
            db.executemany(f"insert into {name} values ({marks})", rows[name])
    models = ("path:models/intermediate/journeys", "path:models/marts/journeys")
    command = ("run", "--select", *models, "--exclude", "rpt_journey_coverage", "--quiet")
    done = run_dbt(folder, raw, *command, journeys=journeys)
    assert done.code == 0, done.said[-4000:]
    flags = flags_of_activities()
    found = [one for story in told for one in interpret(journeys, story, flags, TODAY)]
    return found, database


def key(one: Instance) -> tuple[Any, ...]:
    return one.key, one.journey["id"], one.journey["version"], one.subject


def test_every_instance_is_the_interpreters(built: tuple[list[Instance], Path]) -> None:
    instances, database = built
    wanted = {
        (*key(one), one.outcome, one.opened, one.started, one.succeeded, one.ended)
        for one in instances
    }
    sql = (
        "select member_key, journey_id, journey_version, subject_id, outcome, opened_at,"
        " started_at, succeeded_at, ended_at from fct_journey_instance"
    )
    assert set(query(database, sql)) == wanted
    counted = Counter((one.journey["id"], one.outcome) for one in instances)
    outcomes = {outcome for _, outcome in counted}
    assert outcomes == {"completed", "withdrawn", "expired", "superseded", "open"}, counted
    assert {name for name, _ in counted} == {
        *("welcome_90d", "professional_growth", "event_registration", "renewal", "win_back"),
        *("case_resolution", "buddy", "twice", "single", "patient", "overtaken", "rush"),
    }


def test_every_stay_is_the_interpreters(built: tuple[list[Instance], Path]) -> None:
    instances, database = built
    wanted = set()
    for one in instances:
        for stay in one.stays:
            stage = one.journey["stages"][stay.stage_no - 1]
            late_at, last_day = due(one, stay.stage_no)
            late = late_at < NOW if stay.left is None else stay.left >= late_at
            expected = over_after(stay.entered, stage["expected_days"])
            wanted.add(
                (
                    *(*key(one), stay.stage_no, stage["id"], stay.entered, stay.left),
                    *(stay.left_by, late_at, last_day, bool(stage["sla"]) and late),
                    stay.left is None and expected < NOW,
                )
            )
    sql = (
        "select v.member_key, v.journey_id, v.journey_version, i.subject_id, stage_no, stage_id,"
        " entered_at, left_at, left_by, due_at, due_date, is_sla_breached, is_stalled"
        " from fct_journey_stage v join fct_journey_instance i using (instance_id)"
    )
    assert set(query(database, sql)) == wanted
    assert {row[8] for row in wanted} == {
        *("done", "passed", "open", "withdrawn", "expired", "superseded")
    }
    assert {True, False} == {row[11] for row in wanted} == {row[12] for row in wanted}


def expected_tasks(one: Instance) -> Iterator[tuple[Any, ...]]:
    """Stage, kind, status, due day and done day of everything to be done in an instance."""
    lived = {stay.stage_no: stay for stay in one.stays}
    for number, entered in one.entered.items():
        if number > len(one.journey["stages"]):
            continue
        stage = one.journey["stages"][number - 1]
        done = one.done.get(number)
        done_day = local_day(done) if done else None
        if stage["owner_type"] != "member":
            names = {"on_time": "done", "late": "done_late", "out_of_order": "done_late"}
            status = fate(one, number, NOW)
            status = {**names, "pending": "open"}.get(status, status)
            yield (*key(one), number, "step", status, due(one, number)[1], done_day)
            continue
        patience = over_after(entered, stage["expected_days"])
        stay = lived.get(number)
        if stay is None or not patience < (stay.left or NOW):
            continue
        day = local_day(patience)
        if stay.left is None:
            status = "overdue" if day < TODAY else "open"
        else:
            status = "done" if stay.left_by == "done" else "missed"
        yield (*key(one), number, "nudge", status, day, done_day)


def test_every_task_is_the_interpreters(built: tuple[list[Instance], Path]) -> None:
    instances, database = built
    wanted = {task for one in instances for task in expected_tasks(one)}
    sql = (
        "select t.member_key, t.journey_id, t.journey_version, i.subject_id, stage_no, task_kind,"
        " task_status, due_date, done_date"
        " from fct_journey_task t join fct_journey_instance i using (instance_id)"
    )
    assert set(query(database, sql)) == wanted
    statuses = {(row[5], row[6]) for row in wanted}
    steps = {("step", name) for name in ("open", "overdue", "done", "done_late", "missed")}
    nudges = {("nudge", name) for name in ("open", "overdue", "done", "missed")}
    assert statuses == steps | nudges


def test_the_page_tells_what_the_tables_say(built: tuple[list[Instance], Path]) -> None:
    header, _, *rows = [journey_page.cells(line) for line in journey_page.ANSWER.splitlines()]
    found = query(built[1], journey_page.QUESTION)
    shown = [tuple("" if value is None else str(value) for value in row) for row in found]
    assert header == tuple(re.findall(r"\w+", journey_page.QUESTION.splitlines()[0])[1:])
    assert [tuple(value.lower() for value in row) for row in shown] == rows


def test_conformance_counts_every_step_once(built: tuple[list[Instance], Path]) -> None:
    instances, database = built
    counted: Counter[tuple[Any, ...]] = Counter()
    for one in instances:
        for number in one.entered:
            if number <= len(one.journey["stages"]):
                place = one.journey["id"], one.journey["version"], number
                counted[(*place, fate(one, number, NOW))] += 1
    fates = ("on_time", "late", "missed", "out_of_order", "overdue", "pending")
    sql = f"select journey_id, journey_version, stage_no, {', '.join(fates)}, reached, conformance"
    for *place, on_time, late, missed, disordered, overdue, pending, reached, share in query(
        database, sql + " from mart_journey_conformance"
    ):
        found = on_time, late, missed, disordered, overdue, pending
        assert found == tuple(counted[(*place, name)] for name in fates), place
        judged = sum(found) - pending
        assert reached == sum(found)
        assert share == (pytest.approx(on_time / judged) if judged else None)


def test_the_waiting_adds_up(built: tuple[list[Instance], Path]) -> None:
    """Hours waited for the organisation, the member and both are those of the stays."""
    instances, database = built
    waited: dict[tuple[Any, ...], dict[str, float]] = {}
    for one in instances:
        hours = dict.fromkeys(("organisation", "member", "shared"), 0.0)
        for stay in one.stays:
            owner = one.journey["stages"][stay.stage_no - 1]["owner_type"]
            hours[owner] += ((stay.left or NOW) - stay.entered).total_seconds() / 3600
        waited[key(one)] = hours
    sql = (
        "select member_key, journey_id, journey_version, subject_id, organisation_hours,"
        " member_hours, shared_hours from fct_journey_instance"
    )
    for *name, organisation, member, shared in query(database, sql):
        assert waited[tuple(name)] == pytest.approx(
            {"organisation": organisation, "member": member, "shared": shared}
        )


def test_workload_counts_what_is_to_be_done(built: tuple[list[Instance], Path]) -> None:
    instances, database = built
    wanted: dict[tuple[str, str, str], list[int]] = {}
    for one in instances:
        for *_, number, kind, status, day, _done in expected_tasks(one):
            if status not in ("open", "overdue"):
                continue
            stage = one.journey["stages"][number - 1]
            row = wanted.setdefault(
                (stage["owner_team"], one.journey["id"], stage["id"]), [0, 0, 0, 0, 0]
            )
            left = (day - TODAY).days
            row[0] += kind == "step"
            row[1] += kind == "nudge"
            row[2] += status == "overdue"
            row[3] += status == "open" and left <= 7
            row[4] += status == "open" and left <= 30
    sql = (
        "select owner_team, journey_id, stage_id, open_stages, open_nudges, overdue,"
        " due_next_7_days, due_next_30_days from mart_owner_workload"
    )
    assert {row[:3]: list(row[3:]) for row in query(database, sql)} == wanted


def test_the_most_urgent_action_of_each_person(built: tuple[list[Instance], Path]) -> None:
    instances, database = built
    urgent: dict[str, tuple[date, str]] = {}
    counted: Counter[str] = Counter()
    for one in instances:
        if one.outcome == "open":
            counted[one.key] += 1
            day = due(one, one.stays[-1].stage_no)[1]
            urgent[one.key] = min(urgent.get(one.key, (date.max, "")), (day, ""))
    sql = "select member_key, open_journeys, next_action_due_date from int_member__journeys"
    assert {name: (count, day) for name, count, day in query(database, sql)} == {
        name: (counted[name], day) for name, (day, _) in urgent.items()
    }


@pytest.mark.parametrize(
    "test",
    [
        "downstream_journey_stays_are_unbroken",
        "downstream_journeys_end_once",
        "downstream_journey_moves_are_conserved",
    ],
)
def test_invariants_hold_for_the_oddest_stories(
    test: str, built: tuple[list[Instance], Path]
) -> None:
    _, database = built
    assert query(database, rendered(test)) == []


@pytest.mark.parametrize(
    ("test", "damage"),
    [
        ("downstream_journey_stays_are_unbroken", "update fct_journey_stage set left_at = null"),
        ("downstream_journeys_end_once", "update fct_journey_instance set ended_at = null"),
        ("downstream_journey_moves_are_conserved", "delete from fct_journey_transition"),
    ],
)
def test_the_invariants_notice_damage(
    test: str, damage: str, built: tuple[list[Instance], Path], tmp_path: Path
) -> None:
    copy = tmp_path / "damaged.duckdb"
    copy.write_bytes(built[1].read_bytes())
    with duckdb.connect(str(copy)) as db:
        db.execute(damage)
    assert query(copy, rendered(test)) != []


@cache
def rendered(test: str) -> str:
    """A singular test as plain SQL: only ref() occurs in them."""
    sql = (ROOT / "dbt_project" / "tests" / f"{test}.sql").read_text(encoding="utf-8")
    sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", sql)
    assert "{{" not in sql, sql
    return sql


def test_local_days_have_23_and_25_hours() -> None:
    """Guards the oracle: whole days over the changes of the clocks."""
    winter, summer = midnight(date(2026, 3, 28)), midnight(date(2026, 3, 29))
    assert over_after(winter, 0) == summer
    assert over_after(summer, 0) - summer == timedelta(hours=23)
    autumn = midnight(date(2025, 10, 26))
    assert over_after(autumn, 0) - autumn == timedelta(hours=25)
