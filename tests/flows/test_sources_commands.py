"""`journey sources ...` on a small association that is really served: each verb does its part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from connectors.engine import extract
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.testing.store import RecordStore
from flows.cli import app
from flows.configuration import load_configuration
from flows.example import write_example
from flows.home import Home
from flows.steps.ingest import open_source
from sandbox.serve import SANDBOX_KEYS, Ports, serve
from sandbox.world import generate

CONTACT = "civicrm.contact"


class Association:
    """An organisation's folder and the world behind it."""

    def __init__(self, root: Path, world: Path) -> None:
        self.root, self.world = root, world

    def journey(self, *arguments: str, code: int = 0) -> Any:
        command = ["sources", *arguments, "--home", str(self.root), "--json"]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    def streams(self, *arguments: str) -> dict[str, dict[str, Any]]:
        found = self.journey(*arguments)["streams"]
        return {f"{item['source']}.{item['stream']}": item for item in found}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.root / "data" / "raw.duckdb"), read_only=True) as db:
            return db.execute(sql).fetchall()


@pytest.fixture
def association(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Association]:
    for name, key in SANDBOX_KEYS.items():
        monkeypatch.setenv(name, key)
    world, root = tmp_path / "world", tmp_path / "org"
    generate(world, people=40)
    write_example(root)
    with serve(world, Ports.free()) as served:
        path = root / "config" / "sources.yml"
        wanted = yaml.safe_load(path.read_text(encoding="utf-8"))
        wanted["sources"] = {name: wanted["sources"][name] for name in ("civicrm", "pretix")}
        for name, source in wanted["sources"].items():
            source["settings"]["base_url"] = served.urls[name]
        path.write_text(yaml.safe_dump(wanted), encoding="utf-8")
        organisation = root / "config" / "organisation.yml"
        text = organisation.read_text(encoding="utf-8")
        text = text.replace("http://127.0.0.1:8700", served.urls["clock"].rstrip("/"))
        organisation.write_text(text, encoding="utf-8")
        yield Association(root, world)


def test_sync_reads_what_is_asked_for_and_the_second_time_nothing(
    association: Association,
) -> None:
    first = association.streams("sync", "civicrm", "--stream", "contact")
    assert set(first) == {CONTACT}
    assert first[CONTACT]["inserted"] > 40
    again = association.streams("sync", "civicrm", "--stream", "contact")
    assert again[CONTACT]["inserted"] == 0
    listed = {row["stream"]: row for row in association.journey("list")}
    assert listed["contact"]["mark"]
    assert listed["membership"]["mark"] is None


def test_discover_names_fields_without_their_values(association: Association) -> None:
    found = association.journey("discover", "civicrm", "--stream", "contact")
    (contact,) = found["streams"]
    assert contact["records"] > 0
    by_path = {field["path"]: field for field in contact["fields"]}
    assert by_path["birth_date"]["type"] == "date"
    assert by_path["birth_date"]["column"] == "birth_date"
    people = json.loads(json.dumps(found))["streams"][0]["fields"]
    assert all(set(field) == {"stream", "path", "type", "column"} for field in people)
    assert not list((association.root / "data").glob("landing/*/*/*/part-*"))


def test_backfill_brings_a_slice_and_leaves_the_mark(association: Association) -> None:
    association.journey("sync", "civicrm", "--stream", "contact")
    mark = association.journey("list")[0]["mark"]
    rows = association.rows("select count(*) from civicrm.contact")
    done = association.journey(
        *("backfill", "civicrm", "--stream", "contact"),
        *("--from", "2020-01-01", "--to", "2027-01-01", "--window", "1000"),
    )["streams"]
    assert len(done) == 3, "one batch a window"
    assert sum(item["fetched"] for item in done) > 0
    assert sum(item["inserted"] + item["updated"] for item in done) == 0
    assert association.rows("select count(*) from civicrm.contact") == rows
    assert association.journey("list")[0]["mark"] == mark


def test_backfill_refuses_what_it_can_not_do(association: Association) -> None:
    whole = ("backfill", "civicrm", "--stream", "membership", "--from", "2020-01-01")
    assert "--full" in json.dumps(association.journey(*whole, code=2))
    backwards = ("--from", "2026-01-02", "--to", "2026-01-01")
    association.journey("backfill", "civicrm", *backwards, code=2)
    association.journey("backfill", "crm", "--from", "2020-01-01", code=2)
    unknown = ("backfill", "civicrm", "--stream", "contacts", "--from", "2020-01-01")
    association.journey(*unknown, code=2)


def test_replay_restores_what_raw_lost_without_asking_the_vendor(association: Association) -> None:
    association.journey("sync", "civicrm", "--stream", "contact")
    before = association.rows("select id, last_name from civicrm.contact order by all")
    with duckdb.connect(str(association.root / "data" / "raw.duckdb")) as db:
        db.execute("delete from civicrm.contact")
    done = association.streams("replay", "civicrm", "--stream", "contact")
    assert done[CONTACT]["requests"] == 0
    assert association.rows("select id, last_name from civicrm.contact order by all") == before
    late = ("replay", "civicrm", "--from", "2999-01-01")
    assert (
        "--full"
        in CliRunner().invoke(app, ["sources", *late, "--home", str(association.root)]).output
    )


def test_reconcile_finds_what_the_source_no_longer_has(association: Association) -> None:
    association.journey("sync", "civicrm", "--stream", "membership")
    (victim,) = association.rows("select min(id) from civicrm.membership")[0]
    with closing(RecordStore(next(association.world.glob("*.sqlite")))) as store:
        store.delete("civicrm", "Membership", str(victim))
    done = association.streams("reconcile", "civicrm", "--stream", "membership")
    assert done["civicrm.membership"]["deleted"] == 1
    gone = association.rows("select id from civicrm.membership where _is_deleted")
    assert gone == [(victim,)]
    orders = association.journey("reconcile", "pretix", "--stream", "order", code=2)
    assert "tells its deletions itself" in orders["error"]


def test_reconcile_does_not_believe_a_list_of_keys_that_lost_half(association: Association) -> None:
    association.journey("sync", "civicrm", "--stream", "membership")
    known = association.rows("select id from civicrm.membership order by id")
    with closing(RecordStore(next(association.world.glob("*.sqlite")))) as store:
        for (id,) in known[: len(known) * 3 // 5]:
            store.delete("civicrm", "Membership", str(id))
    verb = ("reconcile", "civicrm", "--stream", "membership")
    refused = association.journey(*verb, code=5)
    assert "lost too many rows" in refused["error"]
    assert "--allow-drop civicrm.membership" in refused["hint"]
    assert not association.rows("select id from civicrm.membership where _is_deleted")
    done = association.streams(*verb, "--allow-drop", "civicrm.membership")
    assert done["civicrm.membership"]["deleted"] == len(known) * 3 // 5


def test_replay_leaves_a_batch_that_waits_for_its_load_alone(association: Association) -> None:
    association.journey("sync", "civicrm", "--stream", "contact")
    configuration = load_configuration(Home(association.root))
    waiting = extract(
        open_source(configuration, "civicrm"),
        "contact",
        landing=Landing(configuration.home.landing),
        states=SyncStates(configuration.home.raw),
        full=True,
    )
    replayed = association.journey("replay", "civicrm", "--stream", "contact")["streams"]
    assert [item["batch_id"] for item in replayed] != []
    assert waiting.batch_id not in [item["batch_id"] for item in replayed]
    counted = f"select count(*) from _journey.batch where batch_id = '{waiting.batch_id}'"
    assert association.rows(counted) == [(0,)]
    association.journey("sync", "civicrm", "--stream", "contact")
    assert association.rows(counted) == [(1,)]
