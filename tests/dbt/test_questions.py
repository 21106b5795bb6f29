"""Every mart answers its example questions, every metric says what it counts.

The questions stand beside their model, in its yml (`config.meta.questions: [{ask, sql}]`), and are
asked of the tables and columns an analyst has: P0 and P1, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from upstream import Built

from flows.steps.relations import analyst_relations

MOST_QUESTIONS = 3


@pytest.fixture(scope="module")
def marts(sandbox_build: Built) -> list[dict[str, Any]]:
    nodes = sandbox_build.artifact("manifest.json")["nodes"].values()
    return [n for n in nodes if n["resource_type"] == "model" and n["fqn"][1] == "marts"]


@pytest.fixture(scope="module")
def analyst(sandbox_build: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """What an analyst sees: views of the columns that are published."""
    manifest = sandbox_build.artifact("manifest.json")
    with duckdb.connect() as db:
        db.execute(f"attach '{sandbox_build.database}' as build (read_only)")
        for relation in analyst_relations(manifest):
            columns = ", ".join(f'"{name}"' for name in relation.columns)
            source = f'build."{relation.schema}"."{relation.name}"'
            db.execute(f'create view "{relation.name}" as select {columns} from {source}')
        yield db


def _questions(model: dict[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = model["config"]["meta"].get("questions", [])
    return found


def test_every_mart_has_questions(marts: list[dict[str, Any]]) -> None:
    assert len(marts) > 25
    wrong = {m["name"] for m in marts if not 1 <= len(_questions(m)) <= MOST_QUESTIONS}
    assert wrong == set()
    words = [
        q for m in marts for q in _questions(m) if set(q) != {"ask", "sql"} or "?" not in q["ask"]
    ]
    assert words == []


def test_every_question_is_answered_from_what_analysts_have(
    marts: list[dict[str, Any]], analyst: duckdb.DuckDBPyConnection
) -> None:
    failed = {}
    answered = 0
    for model in marts:
        for question in _questions(model):
            assert model["name"] in question["sql"], question["ask"]
            try:
                answered += bool(analyst.execute(question["sql"]).fetchall())
            except duckdb.Error as error:
                failed[question["ask"]] = str(error).splitlines()[0]
    assert failed == {}
    assert answered > len(marts) / 2


def test_every_metric_says_its_numerator_denominator_and_version(
    marts: list[dict[str, Any]],
) -> None:
    metrics = [m for m in marts if m["name"].startswith("metric_")]
    assert metrics
    wanted = {"numerator", "denominator", "definition_version"}
    wrong = {
        m["name"]
        for m in metrics
        if not wanted <= {k for k, v in m["config"]["meta"].get("metric", {}).items() if v}
    }
    assert wrong == set()
