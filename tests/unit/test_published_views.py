"""Which views stay views in the published file, and that they work there under any name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.steps.relations import Relation, analyst_relations


def node(name: str, materialized: str, privacy: str, reads: str = "", sql: str = "") -> Any:
    return {
        "unique_id": name,
        "resource_type": "model",
        "name": name,
        "database": "build-1",
        "schema": "main",
        "fqn": ["member_journey", "marts", name],
        "config": {"materialized": materialized},
        "columns": {"a": {"config": {"meta": {"privacy": "P1"}}}}
        | {"b": {"config": {"meta": {"privacy": privacy}}}},
        "depends_on": {"nodes": [reads] if reads else []},
        "compiled_code": sql,
    }


SQL = 'with s as (select * from "build-1"."main"."states") select s.a, s.b, 90 as days from s\n'


def published(table_class: str, view_class: str, sql: str = SQL) -> dict[str, Relation]:
    nodes = [
        # sorts before the table it reads
        node("aa_view", "view", view_class, "states", sql),
        node("states", "table", table_class),
    ]
    found = analyst_relations({"nodes": {one["unique_id"]: one for one in nodes}})
    assert [one.name for one in found if one.view_sql] in ([], [found[-1].name])
    return {one.name: one for one in found}


def test_a_view_of_whole_tables_stays_a_view() -> None:
    view = published("P1", "P1")["aa_view"]
    assert view.view_sql == 'with s as (select * from "states") select s.a, s.b, 90 as days from s'


@pytest.mark.parametrize(
    ("table_class", "view_class", "sql"),
    [("P3", "P1", SQL), ("P1", "P3", SQL), ("P1", "P1", "")],
    ids=["its table loses a column", "it loses a column", "its query is not known"],
)
def test_any_other_view_becomes_a_table_with_the_allowed_columns(
    table_class: str, view_class: str, sql: str
) -> None:
    view = published(table_class, view_class, sql)["aa_view"]
    assert not view.view_sql
    assert view.columns == (("a",) if view_class == "P3" else ("a", "b"))
    assert view.copy_statement("build", "published").startswith("create table")


def test_a_view_of_a_view_becomes_a_table() -> None:
    nodes = [
        node("aa_view", "view", "P1", "bb_view", 'select a, b from "build-1"."main"."bb_view"'),
        node("bb_view", "view", "P1", "states", SQL),
        node("states", "table", "P1"),
    ]
    found = analyst_relations({"nodes": {one["unique_id"]: one for one in nodes}})
    assert [(one.name, bool(one.view_sql)) for one in found] == [
        ("aa_view", False),
        ("states", False),
        ("bb_view", True),
    ]


def test_a_published_view_reads_its_own_file_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "analyst.duckdb"
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as published")
        db.execute("use published.main")
        db.execute("create table states as select 1 as a, 2 as b")
        db.execute(published("P1", "P1")["aa_view"].copy_statement("build", "published"))
    with duckdb.connect(str(path), read_only=True) as db:
        assert db.execute("select * from aa_view").fetchall() == [(1, 2, 90)]
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as other (read_only)")
        assert db.execute("select * from other.aa_view").fetchall() == [(1, 2, 90)]
