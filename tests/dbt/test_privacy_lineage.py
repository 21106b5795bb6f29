"""No column an analyst can read descends from anything above P1, but through a declared step.

The roots are the raw columns, classed by what the connectors declare of them. Every column with a
class of its own (all of the conformed layer, the marts and what is pushed) is a border: there the
declared class must hold what flows in, or `meta.declassified` says which step lowers it and why.
Columns without a class hand on all they hold.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from typing import Any

import duckdb
import pytest
from column_lineage import Cell, Columns, Reader, declared
from upstream import PROJECT, Built

from connectors.landing.columns import raw_columns
from connectors.protocol import StreamSpec
from connectors.registry import all_specs, is_mapped
from connectors.sources.contracts import entity_specs
from flows.steps.relations import ANALYST_CLASSES, analyst_relations

ANALYSTS = max(ANALYST_CLASSES)
STEPS = {
    "hash": "a digest that can not be turned back",
    "count": "how many there are",
    "aggregate": "a figure over many people, in a table without a column of persons",
    "band": "one of a few ranges",
    "flag": "yes or no",
    "category": "one of a few words",
    "date_difference": "a number of days",
    "moment": "when something happened, not what was known of whom",
    "reference": "a record's id in its own system",
}
FEW = 40  # most words a category may have on the sandbox
PERSONAL = re.compile(
    r"(^|_)(name|first_?name|last_?name|full_?name|given|family|birth\w*|street|address\w*|city"
    r"|postal\w*|zip|member_number|external_identifier)(_|$)"
)
OF_A_THING = re.compile(r"event|form|plan|type|status")  # as in event_name: nobody's own
# Streams about things, not people: plans, events, campaigns, forms, an account's own settings.
THINGS = re.compile(
    r"^(membership_type|membership_level|plans?|plan_versions|product|subscription_plan|events?"
    r"|subevent|item|report|form|account_settings|campaign|release|webinar|ticket_class)$"
)
PERSONS = re.compile(
    r"(^|_)(member|person|party|term|spell|payment|invoice|registration)_(key|id)$"
)


@pytest.fixture(scope="module")
def manifest(sandbox_build: Built) -> dict[str, Any]:
    return sandbox_build.artifact("manifest.json")


@pytest.fixture(scope="module")
def lineage(manifest: dict[str, Any]) -> dict[tuple[str, str], Cell]:
    """(model, column) -> what flows into it, for every model there is."""
    return {key: cell for key, (_, cell) in _flow(manifest).items()}


def _raw_class(spec: StreamSpec, name: str) -> str:
    column = spec.columns.get(name)
    if column is None:  # what the loader adds: normalised contact keys, unknown keys, bookkeeping
        if name.endswith(("_key", "_e164")):
            return "P3"
        return "P2" if name == "_extra" else "P0"
    if THINGS.search(spec.name):
        return "P1"
    if column.type in ("email", "phone", "money", "minor"):
        return "P3"
    if column.type == "json" or (PERSONAL.search(name) and not OF_A_THING.search(name)):
        return "P2"
    return "P1"


def _roots() -> dict[str, Columns]:
    found: dict[str, Columns] = {}
    specs = [(k, s) for k, listed in all_specs().items() if not is_mapped(k) for s in listed]
    for kind, spec in [*specs, *(("mapped", spec) for spec in entity_specs())]:
        found[f"{kind}.{spec.name}".lower()] = {
            name.lower(): Cell(_raw_class(spec, name), frozenset({f"{kind}.{spec.name}.{name}"}))
            for name in (*raw_columns(spec), "source_system")
        }
    for path in (PROJECT / "seeds").glob("*.csv"):
        with path.open(encoding="utf-8") as lines:
            found[f"main.{path.stem}"] = dict.fromkeys(next(csv.reader(lines)), Cell())
    return found


def _flow(manifest: dict[str, Any]) -> dict[tuple[str, str], tuple[dict[str, Any], Cell]]:
    """(model, column) -> (its declared meta, what flows into it)."""
    relations = _roots()
    nodes = manifest["nodes"]
    flowing: dict[tuple[str, str], tuple[dict[str, Any], Cell]] = {}

    @cache
    def visit(unique_id: str) -> None:
        node = nodes.get(unique_id)
        if node is None or node["resource_type"] != "model":
            return
        for parent in node["depends_on"]["nodes"]:
            visit(parent)
        # the map reads what it said itself before; its own rows have passed the border already
        known = relations | {f"main.{name}": columns for name, columns in _before(node).items()}
        columns = Reader(known).columns(node["compiled_code"])
        given: Columns = {}
        for name, cell in columns.items():
            meta = declared(node["columns"].get(name, {}))
            flowing[node["name"], name] = (meta, cell)
            own = Cell(meta.get("privacy", ""), frozenset({f"{node['name']}.{name}"}))
            given[name] = own if meta.get("privacy") else cell
        relations[f"{node['schema']}.{node['name']}"] = given

    for unique_id in nodes:
        visit(unique_id)
    return flowing


def _before(node: dict[str, Any]) -> dict[str, Columns]:
    if node["name"] != "int_identity__previous":
        return {}
    names = ("map_id", "source_system", "source_record_id", "person_key", "rule_id", "score")
    return {"map_identity": dict.fromkeys((*names, "status", "valid_from", "run_id"), Cell("P1"))}


def _steps(manifest: dict[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    """(model, column) -> the declared step; a model's own holds for all its columns."""
    found = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            whole = node["config"].get("meta", {}).get("declassified")
            for name, column in node["columns"].items():
                if step := declared(column).get("declassified") or whole:
                    found[node["name"], name] = step
    return found


def _lowered(manifest: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Columns whose declared class is the analysts' while what flows in is above it."""
    return {
        key: f"{meta['privacy']} from {cell.privacy} {', '.join(sorted(cell.origins)[:3])}"
        for key, (meta, cell) in _flow(manifest).items()
        if meta.get("privacy", "P9") <= ANALYSTS < cell.privacy
    }


def test_nothing_above_p1_reaches_analysts_but_through_a_declared_step(
    manifest: dict[str, Any],
) -> None:
    steps = _steps(manifest)
    bare = {key: why for key, why in _lowered(manifest).items() if key not in steps}
    assert bare == {}


def test_every_column_analysts_read_has_a_lineage(
    manifest: dict[str, Any], lineage: dict[tuple[str, str], Cell]
) -> None:
    published = {(r.name, column) for r in analyst_relations(manifest) for column in r.columns}
    assert len(published) > 200
    assert published - set(lineage) == set()


def test_steps_are_known_justified_and_needed(manifest: dict[str, Any]) -> None:
    steps, needed = _steps(manifest), _lowered(manifest)
    assert {key: s for key, s in steps.items() if s["step"] not in STEPS} == {}
    assert {key: s for key, s in steps.items() if len(s["why"].split()) < 5} == {}
    whole = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["config"].get("meta", {}).get("declassified")
    }
    assert {key for key in steps if key not in needed and key[0] not in whole} == set()
    assert whole <= {model for model, _ in needed}


def test_steps_do_what_they_say(manifest: dict[str, Any], sandbox_build: Built) -> None:
    """Shown on the sandbox: yes or no, few words, digests, figures without persons."""
    by_name = {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    wrong = []
    with duckdb.connect(str(sandbox_build.database), read_only=True) as db:
        for (model, column), step in _steps(manifest).items():
            node = by_name[model]
            table = f'"{node["schema"]}"."{model}"'
            if step["step"] == "flag" and node["columns"][column]["data_type"] != "boolean":
                wrong.append((model, column, "no boolean"))
            if step["step"] in ("category", "band"):
                (words,) = db.execute(f'select count(distinct "{column}") from {table}').fetchall()[
                    0
                ]
                wrong += [(model, column, f"{words} words")] if words > FEW else []
            if step["step"] == "hash":
                sql = f"select count(*) from {table} where \"{column}\" !~ '^[0-9a-f]{{32,}}$'"
                wrong += [(model, column, "no digest")] if db.execute(sql).fetchall()[0][0] else []
            if step["step"] == "aggregate" and any(
                PERSONS.search(name) for name in node["columns"]
            ):
                wrong.append((model, column, "has a column of persons"))
    assert wrong == []


def test_the_reader_follows_values_through_every_turn() -> None:
    """Set operations, subqueries, stars, conditions, windows; unknown names are errors."""
    base = {"main.t": {"email": Cell("P3", frozenset({"t.email"})), "id": Cell("P1"), "n": Cell()}}

    def classes(sql: str) -> list[str]:
        return [cell.privacy for cell in Reader(base).columns(sql).values()]

    assert classes("select * from b.main.t") == ["P3", "P1", "P0"]
    assert classes("with a as (select t.* from b.main.t) select md5(email) as h from a") == ["P3"]
    assert classes("select case when email is null then 1 end as c, n from b.main.t") == [
        "P3",
        "P0",
    ]
    assert classes("select n as x from b.main.t union all select email from b.main.t") == ["P3"]
    assert classes("select (select max(email) from b.main.t) as m, 1 as one") == ["P3", "P0"]
    assert classes("select max(n) over (partition by email order by id) as m from b.main.t") == [
        "P0"
    ]
    assert classes("select email || 'x' as a, a || 'y' as b from b.main.t") == ["P3", "P3"]
    assert classes("select s.c from (select lower(email) as c from b.main.t) as s") == ["P3"]
    recursive = (
        "with recursive r as (select id as a from b.main.t union all"
        " select t.email from b.main.t join r on r.a = t.id) select a from r"
    )
    assert classes(recursive) == ["P3"]
    for wrong in ("select nobody from b.main.t", "select * from b.main.elsewhere"):
        with pytest.raises(KeyError):
            classes(wrong)
