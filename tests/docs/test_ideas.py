"""docs/ideas.md names every idea once, and only things that exist.

docs/ideas.md -> rows -> models, columns, segments, journeys, commands, keys, files of the product.
"""

from __future__ import annotations

import csv
import html
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main
import yaml
from pydantic import BaseModel

from flows.cli import app
from flows.configuration.models import Organisation

ROOT = Path(__file__).resolve().parents[2]
DBT = ROOT / "dbt_project"
PAGE = (ROOT / "docs" / "ideas.md").read_text("utf-8")
STATES = ("real", "in part", "open")
IDEAS = 115


class Row(NamedTuple):
    """One idea: its number, what it is, the names in backticks, its state and what is missing."""

    number: int
    idea: str
    names: list[str]
    state: str
    missing: str


def rows(page: str) -> list[Row]:
    """Every row of the page that begins with a number."""
    cells = (
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in page.splitlines()
        if re.match(r"\| *\d+ *\|", line)
    )
    found = []
    for number, idea, names, state in cells:
        word, _, missing = state.partition(":")
        found.append(Row(int(number), idea, re.findall(r"`([^`]*)`", names), word, missing.strip()))
    return found


@cache
def models() -> dict[str, set[str]]:
    """Model, seed or exposure -> its columns as the yml files declare them."""
    known: dict[str, set[str]] = {p.stem: set() for p in DBT.glob("models/**/*.sql")}
    for path in DBT.glob("seeds/*.csv"):
        with path.open(encoding="utf-8") as file:
            known[path.stem] = set(next(csv.reader(file)))
    for path in DBT.glob("models/**/*.yml"):
        text = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader) or {}
        for model in text.get("models", []):
            if model["name"] in known:
                known[model["name"]] |= {column["name"] for column in model.get("columns", [])}
        for exposure in text.get("exposures", []):
            known[exposure["name"]] = set()
    return known


@cache
def journeys() -> dict[str, set[str]]:
    """Journey -> the keys of its file and the ids of its stages."""
    known = {}
    for path in (ROOT / "config" / "journeys").glob("*.yml"):
        value = yaml.safe_load(path.read_text("utf-8"))
        known[value["id"]] = set(value) | {stage["id"] for stage in value["stages"]}
    return known


@cache
def others() -> frozenset[str]:
    """Ids of segments and codes of activities."""
    segments = (yaml.safe_load(p.read_text("utf-8")) for p in ROOT.glob("config/segments/*.yml"))
    with (DBT / "seeds" / "activity_catalogue.csv").open(encoding="utf-8") as file:
        activities = {row["activity"] for row in csv.DictReader(file)}
    return frozenset({segment["id"] for segment in segments} | activities)


@cache
def variables() -> dict[str, Any]:
    """The variables of the dbt project."""
    text = (DBT / "dbt_project.yml").read_text("utf-8")
    settings: dict[str, Any] = yaml.safe_load(text)["vars"]
    return settings


def is_command(name: str) -> bool:
    """`journey segments list`: every word is a command of the one before."""
    command: Any = typer.main.get_command(app)
    words = name.split()
    for word in words[1:]:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            return False
    return len(words) > 1 and words[0] == "journey"


def is_file(name: str) -> bool:
    """`docs/privacy.md`, or a file and the text of one of its headings behind `#`."""
    path, _, heading = name.partition("#")
    file = ROOT / path
    if "/" not in path or not file.exists():
        return False
    pattern = rf"^(#+ |.*<h\d>){re.escape(html.escape(heading))}(</h\d>)?$"
    return not heading or bool(re.search(pattern, file.read_text("utf-8"), re.MULTILINE))


def is_setting(name: str) -> bool:
    """`stages.grace_days` of config/organisation.yml, or a variable of the dbt project."""
    first, *rest = name.split(".")
    section: Any = getattr(Organisation.model_fields.get(first), "annotation", None)
    value: Any = variables().get(first)
    if len(rest) != 1:
        return name in variables()
    if isinstance(section, type) and issubclass(section, BaseModel):
        return rest[0] in section.model_fields
    return isinstance(value, dict) and rest[0] in value


def exists(name: str) -> bool:
    """Whether the repository holds what a backticked name of the page means."""
    first, _, second = name.partition(".")
    return (
        name in models()
        or second in models().get(first, set())
        or name in journeys()
        or second in journeys().get(first, set())
        or name in others()
        or is_command(name)
        or is_file(name)
        or is_setting(name)
    )


def test_every_idea_is_there_once_and_in_order() -> None:
    assert [row.number for row in rows(PAGE)] == list(range(1, IDEAS + 1))


@pytest.mark.parametrize("row", rows(PAGE), ids=lambda row: str(row.number))
def test_what_a_row_names_exists(row: Row) -> None:
    assert row.idea
    assert "`" not in row.idea + row.missing, "names belong into the third column"
    assert row.state in STATES
    assert [name for name in row.names if not exists(name)] == []
    assert bool(row.names) == (row.state != "open")
    if row.state != "open":
        assert bool(row.missing) == (row.state == "in part")


def test_the_counts_at_the_top_are_right() -> None:
    counts = Counter(row.state for row in rows(PAGE))
    said = ", ".join(f"{counts[state]} {state}" for state in STATES)
    assert f"Counts: {said}.\n" in PAGE


def test_the_contradictions_are_those_of_the_model() -> None:
    _, _, part = PAGE.partition("## Contradictions")
    listed = re.findall(r"^\| `(\w+)` \| [^|]+ \| real \|$", part, re.MULTILINE)
    path = DBT / "models" / "marts" / "touchpoints" / "mart_contradiction.yml"
    (model,) = yaml.safe_load(path.read_text("utf-8"))["models"]
    (column,) = (one for one in model["columns"] if one["name"] == "rule_code")
    (test,) = (one for one in column["data_tests"] if "accepted_values" in one)
    assert sorted(listed) == sorted(test["accepted_values"]["arguments"]["values"])
    assert part.count("| open: ") == 1


@pytest.mark.parametrize(
    "name",
    [
        "mart_member_36",
        "mart_member_360.stages",
        "mart_member_360.",
        "welcome_90",
        "welcome_90d.succes",
        "journey segments lists",
        "journey",
        "stages.grace_day",
        "stages",
        "stage_owner_teams.advocates",
        "docs/privac.md",
        "report/page.html#Target",
        "",
    ],
)
def test_a_misspelt_name_does_not_exist(name: str) -> None:
    assert not exists(name)
