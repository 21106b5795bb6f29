"""What docs/how-to/journeys.md says about checking, done as the page says.

The example life on the page is lived through in tests/dbt/test_journeys_bruteforce.py.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from flows.cli import app
from flows.configuration.journey_files import read_journeys
from flows.configuration.journeys import MILESTONES, Flag
from flows.home import Home

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "journeys.md").read_text("utf-8")
(JOURNEY,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(SAID,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
COMMANDS = [line for line in PAGE.splitlines() if line.startswith("journey ")]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.journeys.mkdir(parents=True)
    (home.journeys / "buddy.yml").write_text(JOURNEY, encoding="utf-8")
    return home


def test_the_journey_of_the_page_is_valid(home: Home) -> None:
    (journey,), problems = read_journeys(home)
    assert problems == []
    assert [stage.id for stage in journey.stages] == ["match", "meet", "ask"]


def test_the_mistake_is_reported_as_the_page_says(home: Home) -> None:
    wrong = JOURNEY.replace("activity: event_attended", "activity: event_atended", 1)
    (home.journeys / "buddy.yml").write_text(wrong, encoding="utf-8")
    _, problems = read_journeys(home)
    assert [str(problem) for problem in problems] == [SAID]


def test_the_page_names_every_milestone_and_flag() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert set(MILESTONES) | set(Flag.__args__) <= named


def test_the_commands_of_the_page_exist() -> None:
    assert len(COMMANDS) == 4
    for line in COMMANDS:
        words = shlex.split(line, comments=True)[1:]
        command = typer.main.get_command(app)
        while words and hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        given = [word for word in words if word.startswith("-")]
        known = [opt for p in command.params for opt in (*p.opts, *p.secondary_opts)]
        assert set(given) <= set(known), line
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        assert len(words) - len(given) <= len(arguments), line


def test_the_shipped_files_use_the_keys_of_the_page() -> None:
    shipped = Path(__file__).parents[2] / "config" / "journeys"
    words = set(re.findall(r"\w+", PAGE))
    for path in shipped.glob("*.yml"):
        value = yaml.safe_load(path.read_text("utf-8"))
        keys = set(value) | set(value["end"]) | {key for one in value["stages"] for key in one}
        assert keys <= words, path.name
