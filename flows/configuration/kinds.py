"""What the other folders know that the configuration is checked against.

Data flow: connectors' registries, activation's segments, dbt's documented columns -> the loader.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache

import sqlglot
import yaml
from pydantic import BaseModel
from sqlglot import exp

from activation.segments import Segment, SegmentsInvalid, load_segments
from connectors.platforms.registry import platform_types
from connectors.registry import SOURCES
from flows.configuration.problems import nearest
from flows.errors import JourneyError, Problem
from flows.home import Home
from flows.product import DBT_PROJECT

MEMBER_TABLE = "mart_member_360"


def source_kinds(wanted: Collection[str]) -> dict[str, type[BaseModel] | None]:
    """The settings class of every known kind; only the wanted kinds are imported."""
    return {kind: SOURCES[kind].settings if kind in wanted else None for kind in SOURCES}


def platform_kinds() -> dict[str, type[BaseModel] | None]:
    return {kind: found.settings for kind, found in platform_types().items()}


def read_segments(home: Home) -> tuple[list[Segment], list[Problem]]:
    """The segments of the organisation, or everything that is wrong with them."""
    if not home.segments.is_dir():
        return [], [Problem("config/segments", 0, "the folder is missing")]
    try:
        return load_segments(home.segments, member_columns()), []
    except SegmentsInvalid as error:
        return [], [Problem(item.file, item.line, item.message) for item in error.problems]


def unknown_plans(
    segments: Sequence[Segment], plans: Mapping[str, object], home: Home
) -> list[Problem]:
    """Rules that compare plan_code with a plan that organisation.yml does not name."""
    found = []
    for segment in segments:
        for code in _plan_codes(segment.rule_sql):
            if code not in plans:
                guess = nearest(code, plans)
                expected = f"did you mean {guess}?" if guess else f"one of {', '.join(plans)}"
                file, line = _where(home, segment.id, code)
                found.append(Problem(file, line, f"unknown plan '{code}'", expected))
    return found


@cache
def member_columns() -> tuple[str, ...]:
    """The documented columns of the member-360 table: what a segment rule may name."""
    for path in sorted((DBT_PROJECT / "models" / "marts").rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        for model in (yaml.safe_load(text) or {}).get("models", []) if MEMBER_TABLE in text else []:
            if model["name"] == MEMBER_TABLE:
                return tuple(str(column["name"]) for column in model["columns"])
    raise JourneyError(f"the dbt project does not document {MEMBER_TABLE}")


def _plan_codes(rule: str) -> list[str]:
    codes: list[str] = []
    for node in sqlglot.parse_one(rule, read="duckdb").find_all(exp.EQ, exp.NEQ, exp.In):
        columns = [column.name for column in node.find_all(exp.Column)]
        if columns == ["plan_code"]:
            codes += [item.this for item in node.find_all(exp.Literal) if item.is_string]
    return codes


def _where(home: Home, segment_id: str, code: str) -> tuple[str, int]:
    for path in sorted(home.segments.glob("*.y*ml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        if any(segment_id in line for line in lines if line.startswith("id:")):
            at = [number for number, line in enumerate(lines, start=1) if f"'{code}'" in line]
            return f"config/segments/{path.name}", at[0] if at else 0
    return "config/segments", 0
