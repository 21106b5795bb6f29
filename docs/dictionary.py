"""The data dictionary: every model, column, metric and example question, from the models' yml.

Data flow: dbt_project/models/**/*.yml -> Markdown lines, used by generate.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

MODELS = Path(__file__).resolve().parents[1] / "dbt_project" / "models"
PUBLISHED = ("marts", "segments")
LAYERS = {
    "staging": "One view per source and entity: names, types and words of the source made ours.",
    "conformed": "One table per entity, whatever the source: the border all sources are mapped to.",
    "intermediate": "Steps on the way to the marts; private, they may change at any time.",
}
Model = dict[str, Any]


def tables() -> list[str]:
    """The published tables with columns, classes, metrics and questions."""
    lines = [
        "# Tables",
        "",
        "Privacy: P0 aggregate, P1 pseudonymous, P2 identifying, P3 contact or financial, P4",
        "special category. The analyst file holds the columns of class P0 and P1; the activation",
        "file, for the push alone, holds the `seg_` and `sync_` tables. A column whose class is",
        "lower than that of what it is made of says which step lowers it and why.",
        "",
    ]
    for folder in PUBLISHED:
        for model in models(folder):
            lines += _table(model)
    return lines


def metrics() -> list[str]:
    """One row per metric: what it counts, out of what, in which version."""
    lines = [
        "# Metrics",
        "",
        "Every metric is a table; its rows carry numerator, denominator, interval and maturity.",
        "Definitions with worked examples: [DECISIONLOG](../DECISIONLOG.md).",
        "",
        "| metric | grain | numerator | denominator | version |",
        "|---|---|---|---|---|",
    ]
    for model in models("marts"):
        metric = meta(model).get("metric")
        if metric:
            cells = (metric[key] for key in ("numerator", "denominator", "definition_version"))
            name = f"[{model['name']}](tables.md#{model['name']})"
            lines.append(f"| {name} | {grain(model)} | {' | '.join(cell(c) for c in cells)} |")
    return [*lines, ""]


def layers() -> list[str]:
    """The models analysts do not see: what one row is, and the columns that are declared."""
    lines = ["# Models behind the tables", ""]
    for folder, what in LAYERS.items():
        lines += [f"## {folder}", "", what, "", "| model | grain | columns |", "|---|---|---|"]
        for model in models(folder):
            lines.append(f"| `{model['name']}` | {grain(model)} | {_declared(model)} |")
        lines.append("")
    return lines


def models(folder: str) -> Iterator[Model]:
    """The described models of a layer, by file and then as they stand there."""
    for path in sorted((MODELS / folder).rglob("*.yml")):
        yield from (yaml.safe_load(path.read_text("utf-8")) or {}).get("models", [])


def meta(described: dict[str, Any]) -> dict[str, Any]:
    """The meta of a model or a column."""
    found: dict[str, Any] = (described.get("config") or {}).get("meta") or {}
    return found


def grain(model: Model) -> str:
    """What one row is: the first sentence of the description."""
    return re.split(r"(?<=[.:])\s", cell(model["description"]))[0].rstrip(":.") + "."


def cell(text: str | None) -> str:
    """Text that fits one cell of a Markdown table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def _table(model: Model) -> list[str]:
    lines = [f"## `{model['name']}`", "", " ".join(model["description"].split()), ""]
    if metric := meta(model).get("metric"):
        lines += [
            f"- numerator: {metric['numerator']}",
            f"- denominator: {metric['denominator']}",
            f"- version of the definition: {metric['definition_version']}",
            "",
        ]
    lines += ["| column | type | privacy | what |", "|---|---|---|---|"]
    whole = meta(model).get("declassified")
    for column in model["columns"]:
        what = cell(column.get("description"))
        if step := meta(column).get("declassified"):
            what += f" *Lowered by {step['step'].replace('_', ' ')}: {cell(step['why'])}*"
        privacy = meta(column).get("privacy", "")
        lines.append(f"| `{column['name']}` | {column.get('data_type', '')} | {privacy} | {what} |")
    if whole:
        lines += ["", f"*Lowered by {whole['step'].replace('_', ' ')}: {cell(whole['why'])}*"]
    for question in meta(model).get("questions", []):
        lines += ["", question["ask"], "", "```sql", question["sql"].strip(), "```"]
    return [*lines, ""]


def _declared(model: Model) -> str:
    """name type class of each described column; empty where a model describes none."""
    found = []
    for column in model.get("columns", []):
        words = (column.get("data_type", ""), meta(column).get("privacy", ""))
        said = " ".join(word for word in words if word)
        found.append(f"`{column['name']}`" + (f" {said}" if said else ""))
    return ", ".join(found)
