"""Segment definitions: YAML files, checked as a whole before anything uses them.

Data flow: config/segments/*.yml -> `load_segments` -> Segment per file (or every problem with file
and line) -> `compile_segments` -> the dbt variable `segments`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from activation.rules import Rule, RuleProblem, explain, parse_rule
from connectors.platforms.protocol import Channel

SEGMENT_ID = r"^[0-9]{2}_[a-z0-9_]+$"
_TeamName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


@dataclass(frozen=True, order=True)
class SegmentProblem:
    """One thing wrong in one file; `line` counts from 1, 0 means the whole file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


class SegmentsInvalid(ValueError):
    """Segment definitions that cannot be used; `problems` lists all of them, sorted."""

    def __init__(self, problems: Sequence[SegmentProblem]) -> None:
        self.problems = sorted(set(problems))
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{len(self.problems)} problem(s) in the segments:\n{lines}")


class Segment(BaseModel):
    """One segment. `priority`: 1 is the most important; `cool_down_days` 0 means none."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str = Field(pattern=SEGMENT_ID, max_length=60)
    title: str = Field(min_length=1, max_length=100)
    version: int = Field(ge=1)
    description: str = Field(min_length=1)
    owner_team: _TeamName
    purpose: Literal["membership", "marketing"]
    channel: Channel
    priority: int = Field(ge=1, le=1000)
    cool_down_days: int = Field(ge=0, le=3650)
    rule: str = Field(min_length=1)
    exit: str | None = None
    journey: str | None = None

    _checked: Rule | None = PrivateAttr(default=None)

    @property
    def rule_sql(self) -> str:
        """The checked rule, rewritten from its parsed tree."""
        return self._rule().sql

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of mart_member_360 the rule reads."""
        return self._rule().columns

    def compile(self) -> dict[str, Any]:
        """The segment for the dbt variable `segments`."""
        return {
            "id": self.id,
            "version": self.version,
            "rule": self.rule_sql,
            "columns": list(self.columns),
            "priority": self.priority,
            "purpose": self.purpose,
            "channel": self.channel,
            "owner_team": self.owner_team,
        }

    def explain(self, row: Mapping[str, Any]) -> list[tuple[str, bool | None]]:
        """Which conditions of the rule hold for one member's row of mart_member_360."""
        return explain(self.rule_sql, row)

    def _rule(self) -> Rule:
        if self._checked is None:
            raise ValueError(f"segment {self.id}: the rule was not checked; use load_segments()")
        return self._checked


def compile_segments(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """The dbt variable `segments`, in order of id."""
    return [segment.compile() for segment in sorted(segments, key=lambda s: s.id)]


def load_segments(
    folder: Path, columns: Collection[str], *, shown_as: str = "config/segments"
) -> list[Segment]:
    """Every segment of the folder, sorted by id; raises SegmentsInvalid with all problems.

    `columns` are the columns of mart_member_360; `shown_as` is the folder's name in messages.
    """
    problems: list[SegmentProblem] = []
    segments: list[Segment] = []
    first_file: dict[str, str] = {}
    for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        file = f"{shown_as}/{path.name}"
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            problems.append(SegmentProblem(file, 0, f"not UTF-8 text (byte {error.start})"))
            continue
        segment, found = read_segment(text, columns, file=file)
        problems += found
        if segment is None:
            continue
        if segment.id in first_file:
            other = first_file[segment.id]
            problems.append(SegmentProblem(file, 1, f"id '{segment.id}' is also in {other}"))
        first_file.setdefault(segment.id, file)
        segments.append(segment)
    if problems:
        raise SegmentsInvalid(problems)
    return sorted(segments, key=lambda segment: segment.id)


def read_segment(
    text: str, columns: Collection[str], *, file: str
) -> tuple[Segment | None, list[SegmentProblem]]:
    """One definition from YAML text, or everything that is wrong with it."""
    try:
        lines, repeated = _key_lines(text)
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        said = " ".join(str(error.problem or "cannot be read").split())
        return None, [SegmentProblem(file, line, f"not valid YAML: {said}")]
    except yaml.YAMLError as error:
        return None, [SegmentProblem(file, 0, f"not valid YAML: {' '.join(str(error).split())}")]
    if not isinstance(value, dict):
        return None, [SegmentProblem(file, 1, "expected keys such as id, title and rule")]
    problems = [SegmentProblem(file, line, f"'{key}' is given twice") for key, line in repeated]
    segment = None
    try:
        segment = Segment.model_validate(value)
    except ValidationError as error:
        problems += [_problem(file, lines, dict(item)) for item in error.errors(include_url=False)]
    rule: Rule | None = None
    wrong: list[RuleProblem] = []
    if isinstance(value.get("rule"), str) and value["rule"].strip():
        rule, wrong = parse_rule(value["rule"], columns)
    # A rule in a block (`rule: |`) begins on the line after its key.
    at = lines.get("rule", 1)
    shift = at if _is_block(text, at) else at - 1
    problems += [SegmentProblem(file, shift + p.line, f"rule: {p.message}") for p in wrong]
    if segment is None or rule is None or problems:
        return None, problems
    segment._checked = rule
    return segment, []


def _is_block(text: str, line: int) -> bool:
    given = text.splitlines()[line - 1].partition(":")[2].strip()
    return given[:1] in ("|", ">")


def _key_lines(text: str) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """The line of each top-level key, and the keys that are given more than once."""
    lines: dict[str, int] = {}
    repeated: list[tuple[str, int]] = []
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(node, yaml.MappingNode):
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in lines:
                repeated.append((str(key.value), line))
            lines.setdefault(str(key.value), line)
    return lines, repeated


def _problem(file: str, lines: Mapping[str, int], item: Mapping[str, Any]) -> SegmentProblem:
    key = str(item["loc"][0]) if item["loc"] else ""
    line = lines.get(key, 1)
    given = item.get("input")
    shown = repr(given) if len(repr(given)) <= 60 else repr(given)[:57] + "..."
    kind = item["type"]
    if kind == "missing":
        return SegmentProblem(file, line, f"'{key}' is missing")
    if kind == "extra_forbidden":
        known = ", ".join(Segment.model_fields)
        return SegmentProblem(file, line, f"unknown key '{key}'; known are {known}")
    if key == "id":
        wanted = "two digits, '_', then lower-case letters, digits and '_' (01_new_welcome)"
        return SegmentProblem(file, line, f"'id' is {shown}; expected {wanted}")
    said = str(item["msg"])
    return SegmentProblem(file, line, f"'{key}' is {shown}; {said[:1].lower()}{said[1:]}")
