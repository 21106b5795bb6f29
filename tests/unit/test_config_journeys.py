"""Journey files: every problem is named with file and line, and only known signals are taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.configuration import load_configuration
from flows.configuration.journey_files import read_journey, read_journeys
from flows.configuration.journeys import compile_journeys, stage_count_warnings
from flows.errors import ConfigurationInvalid
from flows.example import write_example
from flows.home import Home

GOOD = """\
id: visit
version: 1
title: First visit
outcome: The person comes to an event.
purpose: membership
per: spell
start:
  - milestone: first_join
stages:
  - id: invite
    title: Invited
    owner_type: organisation
    owner_team: events
    next_action: Send an invitation.
    sla: {days: 3}
    expected_days: 5
    done_when:
      - {activity: email_sent, purpose: invitation}
  - id: come
    title: Comes
    owner_type: member
    owner_team: events
    next_action: Ask what would help.
    expected_days: 60
    done_when:
      - {flag: value_event}
success:
  - {activity: event_attended}
end:
  expires_after_days: 90
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "j.yml").write_text(text, encoding="utf-8")
    journey, marked = read_journey(tmp_path / "j.yml", "j.yml")
    assert (journey is None) == bool(marked.problems)
    return [str(problem) for problem in marked.problems]


def test_a_good_file_compiles_for_dbt(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []
    journey, _ = read_journey(tmp_path / "j.yml", "j.yml")
    assert journey is not None
    (compiled,) = compile_journeys([journey])
    assert compiled["start"][0]["milestone"] == "first_join"
    assert compiled["stages"][0]["sla"] == {"days": 3, "hours": None, "counted_from": "entry"}
    assert compiled["stages"][1]["done_when"][0]["flag"] == "value_event"
    assert compiled["applies_from"] is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("outcome: The person comes to an event.\n", "", "j.yml:1: 'outcome' is missing"),
        ("activity: email_sent,", "activity: emial_sent,", "did you mean 'email_sent'?"),
        ("flag: value_event", "flag: value", "j.yml:26: 'stages.1.done_when.0.flag'"),
        ("flag: value_event", "sql: drop table x", "j.yml:26: unknown key"),
        ("flag: value_event", "purpose: x", "names nothing that happens"),
        ("{flag: value_event}", "{flag: value_event, activity: event_attended}", "exactly one of"),
        ("milestone: first_join", "milestone: first_jion", "did you mean 'first_join'?"),
        ("milestone: first_join", "activity: case_opened", "does not say which spell"),
        ("milestone: first_join", "{milestone: first_join, channel: web}", "has no channel"),
        ("{flag: value_event}", "{flag: value_event, days: -3}", "before it happens"),
        ("sla: {days: 3}", "sla: {days: 3, hours: 4}", "j.yml:15: 'sla' is not one length"),
        ("expected_days: 60", "expected_days: 60\n    sla: {days: 3}", "an SLA binds the org"),
        ("expected_days: 60", "expected_days: 60\n    look_back_days: 3", "before its start"),
        (
            "expected_days: 60",
            "expected_days: soon",
            "j.yml:24: 'stages.1.expected_days' is 'soon'",
        ),
        ("id: come", "id: invite", "j.yml:19: stage 'invite' is given twice (first in line 10)"),
        ("owner_type: member", "owner_type: nobody", "expected organisation, member or shared"),
        ("purpose: membership", "purpose: membership\npurpose: marketing", "given twice"),
        ("purpose: invitation", 'purpose: "x\'; drop"', "text matching"),
        ("\n  - milestone: first_join", " []", "'start': the list is empty"),
        ("per: spell", "per: planet", "member, spell, term, event or case"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    (problem,) = problems(tmp_path, GOOD.replace(old, new, 1))
    assert said in problem


def test_all_mistakes_of_a_file_are_listed_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("email_sent", "emial_sent").replace("first_join", "first_jion")
    assert sorted(problem.split(":")[1] for problem in problems(tmp_path, text)) == ["18", "8"]


def test_versions_follow_each_other(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.journeys.mkdir(parents=True)
    (home.journeys / "a.yml").write_text(GOOD, encoding="utf-8")
    second = GOOD.replace("version: 1", "version: 2")
    (home.journeys / "b.yml").write_text(second, encoding="utf-8")
    assert "version 2 of 'visit' does not say when it begins" in str(read_journeys(home)[1][0])
    (home.journeys / "b.yml").write_text(GOOD, encoding="utf-8")
    assert "is also in config/journeys/a.yml" in str(read_journeys(home)[1][0])
    dated = second.replace("per: spell", "applies_from: 2026-07-01\nper: spell")
    (home.journeys / "b.yml").write_text(dated, encoding="utf-8")
    found, wrong = read_journeys(home)
    assert wrong == []
    assert [item.version for item in found] == [1, 2]
    other = dated.replace("per: spell", "per: member")
    (home.journeys / "b.yml").write_text(other, encoding="utf-8")
    assert "is per spell in version 1" in str(read_journeys(home)[1][0])


def test_too_few_and_too_many_stages_are_warned_of(tmp_path: Path) -> None:
    def with_stages(count: int) -> list[str]:
        head, rest = GOOD.split("stages:\n")
        first, tail = rest.split("  - id: come")
        stages = "".join(first.replace("invite", f"s{number}") for number in range(count))
        end = "success:" + tail.split("success:")[1]
        (tmp_path / "j.yml").write_text(f"{head}stages:\n{stages}{end}", encoding="utf-8")
        journey, marked = read_journey(tmp_path / "j.yml", "j.yml")
        assert journey, marked.problems
        return stage_count_warnings([journey])

    assert [bool(with_stages(count)) for count in (1, 2, 3, 5, 7, 8)] == [
        *(True, True, False, False, False, True)
    ]
    assert with_stages(1)[0].startswith("visit has 1 stage; ")


def test_the_six_come_with_init_and_check_warns_without_failing(tmp_path: Path) -> None:
    write_example(tmp_path)
    home = Home(tmp_path)
    configuration = load_configuration(home, need_secrets=False)
    assert [item.id for item in configuration.journeys] == [
        *("case_resolution", "event_registration", "professional_growth"),
        *("renewal", "welcome_90d", "win_back"),
    ]
    assert stage_count_warnings(configuration.journeys) == []
    (home.journeys / "visit.yml").write_text(GOOD, encoding="utf-8")
    names = [line for line in (tmp_path / ".env.example").read_text().splitlines() if "=" in line]
    (tmp_path / ".env").write_text("".join(f"{name}sk_test_x-us1\n" for name in names))
    (tmp_path / ".env").chmod(0o600)
    done = CliRunner().invoke(app, ["check", "--offline", "--home", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "7 journeys" in done.stdout
    assert "visit has 2 stages" in " ".join(done.stdout.split())


def test_a_wrong_journey_stops_the_configuration_with_all_else(tmp_path: Path) -> None:
    write_example(tmp_path)
    home = Home(tmp_path)
    (home.journeys / "visit.yml").write_text(GOOD.replace("version: 1", "version: x"), "utf-8")
    with pytest.raises(ConfigurationInvalid, match=r"config/journeys/visit\.yml:2: 'version'"):
        load_configuration(home, need_secrets=False)
