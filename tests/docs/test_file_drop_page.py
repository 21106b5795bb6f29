"""The example of docs/how-to/file-drop.md does what the page says, taken from the page itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.engine import extract_source
from connectors.landing.loader import Loader, LoadReceipt
from connectors.landing.state import SyncStates, connect_to_read
from connectors.landing.store import Landing
from connectors.registry import SourceContext, build_source
from connectors.sources.contracts import entity_specs

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "file-drop.md").read_text("utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```(?:\n\n((?:\|[^\n]*\n)+))?", re.DOTALL)
BLOCKS = BLOCK.findall(PAGE)
SOURCES = [yaml.safe_load(text)["sources"] for kind, text, _ in BLOCKS if kind == "yaml"]
QUESTIONS = [(text, table) for kind, text, table in BLOCKS if kind == "sql"]


def night(home: Path, name: str, told: dict[str, Any]) -> None:
    """Read and load everything the source has."""
    raw, landing = home / "raw.duckdb", Landing(home / "landing")
    source = build_source(name, told["kind"], told["settings"], SourceContext(home / "data/state"))
    assert [item.detail for item in source.check() if not item.ok] == []
    loader = Loader(raw)
    loader.ensure_all({name: source.streams()}, entity_specs(), [])
    receipts = extract_source(source, landing=landing, states=SyncStates(raw))
    assert [one.error for one in receipts if one.error] == []
    loaded = loader.load_pending(landing, name, list(source.streams()))
    assert all(isinstance(one, LoadReceipt) and not sum(one.quarantined.values()) for one in loaded)
    loader.ensure_all({name: entity_specs()}, entity_specs(), [name])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("office")
    (drop := root / "data" / "drop").mkdir(parents=True)
    (content,) = [text for kind, text, _ in BLOCKS if kind == "csv"]
    (drop / "mitglieder-2026-06.csv").write_bytes(content.replace("\n", "\r\n").encode("cp1252"))
    ((name, told),) = SOURCES[0].items()
    night(root, name, told)
    assert (drop / "mitglieder-2026-06.csv").exists(), "archived before it was loaded"
    return root


def cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|\n").split("|"))


def test_the_page_asks_about_all_three_entities() -> None:
    assert [sql.partition("mapped.")[2].split()[0] for sql, _ in QUESTIONS] == [
        "people",
        "plans",
        "membership_terms",
    ]


@pytest.mark.parametrize(("sql", "table"), QUESTIONS)
def test_the_answers_are_those_of_the_page(home: Path, sql: str, table: str) -> None:
    header, _, *rows = [cells(line) for line in table.splitlines()]
    db = connect_to_read(home / "raw.duckdb")
    try:
        answer = db.execute(f"select * from ({sql}) order by all")
        assert tuple(column[0] for column in answer.description or ()) == header
        told = [tuple(_shown(value) for value in row) for row in answer.fetchall()]
    finally:
        db.close()
    assert told == rows


def test_the_next_night_archives_the_file(home: Path) -> None:
    ((name, told),) = SOURCES[0].items()
    night(home, name, told)
    assert list((home / "data" / "drop").iterdir()) == []
    assert [p.name for p in (home / "data" / "drop-loaded").iterdir()] == ["mitglieder-2026-06.csv"]


def test_the_settings_for_another_machine_are_good(tmp_path: Path) -> None:
    ((name, told),) = SOURCES[1].items()
    secrets = dict.fromkeys(told["secrets"], "secret")
    settings = {**told["settings"], **secrets, "files": SOURCES[0][name]["settings"]["files"]}
    build_source(name, told["kind"], settings, SourceContext(tmp_path / "data" / "state"))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
