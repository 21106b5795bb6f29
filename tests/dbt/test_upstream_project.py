"""Rules the dbt project keeps, checked on its files and its manifest."""

from __future__ import annotations

import re
from typing import Any

import pytest
from upstream import PROJECT, Built, sql_files

from connectors.sources.contracts import CONTRACTS
from flows.steps.relations import ACTIVATION_FOLDERS, ANALYST_FOLDERS

CLASSES = {"P0", "P1", "P2", "P3", "P4", "P5"}
# Found only where an engine is named on purpose: macros with a dispatch.
DUCKDB_ONLY = re.compile(
    r"\bqualify\b|\basof\b|\barg_m(ax|in)\b|\blambda\b|->|\blist_\w+\(|\bunnest\(|::|\bexclude\s*\("
    r"|\breplace\s*\(\s*\w+\s+as\b|\bgroup by all\b|\border by all\b|\bunion all by name\b"
    r"|\bstrftime\(|\bepoch(_ms)?\(|\bread_\w+\(|\btry_cast\b|\bfilter\s*\(\s*where\b",
    re.IGNORECASE,
)
CONTACT_DATA = {"email", "email_key", "phone_e164", "first_name", "last_name", "birth_date"}


@pytest.fixture(scope="module")
def manifest(sandbox_build: Built) -> dict[str, Any]:
    return sandbox_build.artifact("manifest.json")


def _models(manifest: dict[str, Any], *folders: str) -> list[dict[str, Any]]:
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and (not folders or node["fqn"][1] in folders)
    ]


def test_models_hold_no_sql_of_one_engine_only() -> None:
    found = []
    for path in sql_files("models", "tests"):
        code = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        found += [f"{path.name}: {match.group()}" for match in DUCKDB_ONLY.finditer(code)]
    assert not found


def test_files_stay_small_enough_to_read() -> None:
    long = [path.name for path in sql_files("models") if len(path.read_text().splitlines()) > 200]
    wide = [
        f"{path.name}:{number}"
        for path in sql_files("models", "macros", "tests")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120
    ]
    assert not long
    assert not wide


def test_only_staging_reads_sources(manifest: dict[str, Any]) -> None:
    others = [
        node["name"]
        for node in _models(manifest)
        if node["fqn"][1] != "staging"
        and any(parent.startswith("source.") for parent in node["depends_on"]["nodes"])
    ]
    assert not others


def test_layers_only_look_back(manifest: dict[str, Any]) -> None:
    """Staging reads staging; conformed reads staging; nothing later reads staging."""
    folder = {node["unique_id"]: node["fqn"][1] for node in _models(manifest)}
    wrong = []
    for node in _models(manifest):
        parents = {folder[p] for p in node["depends_on"]["nodes"] if p in folder}
        allowed = {
            "staging": {"staging"},
            "conformed": {"staging"},
            "segments": {"conformed", "intermediate", "marts", "segments"},
        }.get(node["fqn"][1], {"conformed", "intermediate", "marts"})
        wrong += [(node["name"], parent) for parent in parents - allowed]
    assert not wrong


def test_every_model_says_its_grain_first(manifest: dict[str, Any]) -> None:
    silent = [
        node["name"]
        for node in _models(manifest, "staging", "conformed", "intermediate", "marts")
        if not node["description"].startswith(("One row per", "The "))
    ]
    assert not silent


def test_every_grain_is_tested(manifest: dict[str, Any]) -> None:
    tested = set()
    for node in manifest["nodes"].values():
        name = (node.get("test_metadata") or {}).get("name")
        if name in ("unique", "unique_combination"):
            tested.add(node["attached_node"])
    untested = [
        node["name"]
        for node in _models(manifest, "conformed", "marts")
        if node["unique_id"] not in tested
    ]
    assert not untested


def test_every_published_column_has_a_privacy_class(manifest: dict[str, Any]) -> None:
    unclassed = [
        f"{node['name']}.{name}"
        for node in _models(manifest, "conformed", *ANALYST_FOLDERS, *ACTIVATION_FOLDERS)
        for name, column in node["columns"].items()
        if column["config"].get("meta", {}).get("privacy") not in CLASSES
    ]
    assert not unclassed


def test_contact_data_is_never_called_pseudonymous(manifest: dict[str, Any]) -> None:
    exposed = [
        f"{node['name']}.{name}"
        for node in _models(manifest)
        for name, column in node["columns"].items()
        if name in CONTACT_DATA
        and column["config"].get("meta", {}).get("privacy", "P5") in ("P0", "P1")
    ]
    assert not exposed


def test_contracts_and_access_are_where_others_read(manifest: dict[str, Any]) -> None:
    for node in _models(manifest, "conformed", "marts"):
        assert node["config"]["contract"]["enforced"], node["name"]
    for node in _models(manifest, "marts"):
        assert node["config"]["access"] == "public", node["name"]
        assert node["config"]["group"], node["name"]


def test_a_file_can_be_mapped_to_every_conformed_entity(manifest: dict[str, Any]) -> None:
    """The file drop's contracts hold the conformed columns, less what the warehouse adds."""
    derived = {
        "email_key": "email",
        "phone_e164": "phone",
        "registrant_email_key": "registrant_email",
    }
    columns = {
        node["name"].removeprefix("conformed__"): set(node["columns"])
        for node in _models(manifest, "conformed")
    }
    for entity, contract in CONTRACTS.items():
        wanted = columns[entity] - {"source_system", "known_at"}
        assert {derived.get(name, name) for name in wanted} == set(contract), entity


def test_every_source_says_when_it_is_stale(manifest: dict[str, Any]) -> None:
    for source in manifest["sources"].values():
        assert source["description"], source["name"]
        assert source["freshness"]["warn_after"]["count"], source["name"]
        assert source["freshness"]["error_after"]["count"], source["name"]


def test_seeds_are_found(manifest: dict[str, Any]) -> None:
    assert (PROJECT / "seeds" / "activity_catalogue.csv").is_file()
    names = {n["name"] for n in manifest["nodes"].values() if n["resource_type"] == "seed"}
    assert names == {path.stem for path in (PROJECT / "seeds").glob("*.csv")}
