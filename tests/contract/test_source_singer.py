"""Singer: what a tap is given, what becomes of its states, and every way it can go wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from singer_tap import TapHome

from connectors.clock import ManualClock
from connectors.discovery import offers
from connectors.engine import NO_NEW_DATA, BatchReceipt, extract
from connectors.errors import ConfigurationError, RetryableError, SourceError
from connectors.landing.loader import Loader, LoadReceipt
from connectors.landing.state import SyncStates, connect_to_read
from connectors.landing.store import Landing
from connectors.protocol import Request, Source
from connectors.registry import SOURCES, SourceContext, build_source

MEMBERS: dict[str, Any] = {
    "entity": "people",
    "stream": "members",
    "columns": {"id": "source_record_id", "name": "first_name"},
}
PLANS: dict[str, Any] = {
    "entity": "plans",
    "stream": "plans",
    "columns": {"id": "source_plan_id", "name": "plan_name", "price": "list_price_minor"},
    "amounts": "major",
    "replication": "full_table",
    "deletes": "id_reconcile",
}


def member(number: int, **more: Any) -> dict[str, Any]:
    changed = f"2026-06-01T10:00:{number:02d}Z"
    return {"id": number, "name": f"Example {number}", "changed": changed, **more}


class Organisation:
    """A folder with a tap beside it."""

    def __init__(self, root: Path) -> None:
        self.tap = TapHome(root / "tap")
        self.context = SourceContext(root / "data" / "state")
        self.landing = Landing(root / "data" / "landing")
        self.raw = root / "raw.duckdb"
        self.clock = ManualClock()
        self.loader = Loader(self.raw, clock=self.clock)
        plans = [member(1, price=12.1), member(2, price=7)]
        self.tap.put({"members": [member(n) for n in range(1, 9)], "plans": plans})

    def source(self, *streams: dict[str, Any], **settings: Any) -> Source:
        wanted = {"command": self.tap.command, "streams": list(streams) or [MEMBERS]}
        return build_source("tap", "singer", {**wanted, "page_size": 2, **settings}, self.context)

    def extract(self, source: Source, stream: str = "people", **options: Any) -> BatchReceipt:
        states = SyncStates(self.raw)
        return extract(
            source, stream, landing=self.landing, states=states, clock=self.clock, **options
        )

    def sync(self, source: Source, stream: str = "people") -> LoadReceipt:
        receipt = self.extract(source, stream)
        loaded = self.loader.load(self.landing, "tap", source.streams(), str(receipt.batch_id))
        self.clock.advance(60)
        return loaded

    def current(self, columns: str, stream: str) -> Sequence[tuple[Any, ...]]:
        db = connect_to_read(self.raw)
        try:
            return db.execute(
                f"select {columns} from tap.{stream}"
                " where _known_to is null and not _is_deleted order by all"
            ).fetchall()
        finally:
            db.close()

    def mark(self, stream: str = "people") -> str | None:
        state = SyncStates(self.raw).get("tap", stream)
        return state.mark if state else None


@pytest.fixture
def org(tmp_path: Path) -> Organisation:
    return Organisation(tmp_path)


def problems(stream: dict[str, Any], **settings: Any) -> str:
    wanted = {"command": ["tap-members"], "streams": [stream], **settings}
    with pytest.raises(ValidationError) as caught:
        SOURCES["singer"].settings.model_validate(wanted)
    assert "s3cret" not in str(caught.value)
    return str(caught.value)


def test_settings_say_what_does_not_fit() -> None:
    assert "needs `deleted_field`" in problems({**MEMBERS, "deletes": "flag"})
    assert "has no `deleted_field`" in problems({**MEMBERS, "deleted_field": "gone"})
    assert "full_table" in problems({**MEMBERS, "deletes": "id_reconcile"})
    assert "looks like a secret" in problems(MEMBERS, config={"auth": {"api_token": "s3cret"}})
    assert "does not say where" in problems(MEMBERS, secret_1="s3cret")
    assert "needs the secret `secret_2`" in problems(MEMBERS, config_secrets={"secret_2": "key"})
    inside = {"config": {"auth": "x"}, "config_secrets": {"secret_1": "auth.key"}}
    assert "auth of auth.key is no section" in problems(MEMBERS, **inside, secret_1="s3cret")
    assert "more than once" in problems(MEMBERS, streams=[MEMBERS, MEMBERS])


def test_a_tap_gets_its_files_and_nothing_else(
    org: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "another-secret")
    source = org.source(
        config={"start_date": "2020-01-01", "auth": {"user": "me"}},
        config_secrets={"secret_1": "auth.password"},
        secret_1="s3cret",
        environment={"TAP_MODE": "quiet"},
    )
    org.sync(source)
    run = org.tap.runs()[-1]
    assert run["config"] == {
        "start_date": "2020-01-01",
        "auth": {"user": "me", "password": "s3cret"},
    }
    assert run["mode"] == "0o600"
    assert "STRIPE_API_KEY" not in run["variables"]
    assert "TAP_MODE" in run["variables"]
    assert not list(org.context.state_dir.iterdir()), "the configuration was left behind"
    assert "s3cret" not in repr(source.__dict__)
    chosen = {
        tuple(one["breadcrumb"]): one["metadata"].get("selected")
        for entry in run["catalog"]["streams"]
        for one in entry["metadata"]
        if entry["stream"] == "members" or one["breadcrumb"] == []
    }
    assert chosen[("properties", "name")] is True
    assert chosen[("properties", "diagnosis")] is False
    selected = [
        one["metadata"]["selected"]
        for entry in run["catalog"]["streams"]
        for one in entry["metadata"]
        if one["breadcrumb"] == []
    ]
    assert selected == [True, False]


def test_its_state_is_the_mark(org: Organisation) -> None:
    org.sync(org.source())
    assert json.loads(org.mark() or "") == {
        "state": {"bookmarks": {"members": {"changed": "2026-06-01T10:00:08Z"}}}
    }
    data = org.tap.data()
    data["members"].append(member(9))
    org.tap.put(data)
    assert org.sync(org.source()).inserted == {"people": 1}
    assert org.tap.runs()[-1]["state"] == {
        "bookmarks": {"members": {"changed": "2026-06-01T10:00:08Z"}}
    }
    assert org.extract(org.source(), full=True).rows == {"people": 9}
    assert org.tap.runs()[-1]["state"] is None


def test_a_full_table_is_compared_by_row_and_key(org: Organisation) -> None:
    source = org.source(PLANS)
    org.sync(source, "plans")
    assert org.current("source_plan_id, list_price_minor", "plans") == [("1", 1210), ("2", 700)]
    assert len(org.tap.runs()) == 2, "one run to describe the streams, one to read and compare"
    org.tap.put({**org.tap.data(), "plans": [member(2, price=8), member(3, price=0.3)]})
    receipt = org.sync(source, "plans")
    changes = (receipt.inserted["plans"], receipt.updated["plans"], receipt.deleted["plans"])
    assert changes == (1, 1, 1)
    assert org.current("source_plan_id, list_price_minor", "plans") == [("2", 800), ("3", 30)]
    assert org.sync(source, "plans").updated == {"plans": 0}
    assert list(source.ids("plans")) == [[("2",), ("3",)]]


@pytest.mark.parametrize(
    ("broken", "error", "said"),
    [
        ({"die_after": 5}, SourceError, "ended with code 1; it wrote 2 lines"),
        ({"hang_after": 5}, RetryableError, "silent for 1"),
        ({"noise_after": 5}, SourceError, "line 8 .*no Singer message"),
        ({"batch_after": 5}, SourceError, "BATCH"),
        ({"no_schema": True}, SourceError, "before any SCHEMA"),
    ],
)
def test_a_tap_that_fails_loses_nothing(
    org: Organisation, broken: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        org.extract(org.source(config=broken, catalog="none", silence_seconds=1.5))
    assert "Anna" not in f"{caught.value} {caught.value.__cause__!r}"
    assert org.mark() is None
    receipt = org.extract(org.source(catalog="none"))
    assert receipt.resumed is ("no_schema" not in broken)
    if receipt.resumed:
        state = org.tap.runs()[-1]["state"]
        assert state == {"bookmarks": {"members": {"changed": "2026-06-01T10:00:03Z"}}}
    source = org.source()
    org.loader.load(org.landing, "tap", source.streams(), str(receipt.batch_id))
    assert len(org.current("source_record_id", "people")) == 8
    assert not [path for path in org.context.state_dir.iterdir() if path.is_dir()]


def test_pages_between_two_states_go_back_to_the_first(org: Organisation) -> None:
    pages = list(org.source(page_size=1).pages(Request("people", full=True)))
    states = [json.loads(page.position)["state"] if page.position else None for page in pages]
    seconds = [one["bookmarks"]["members"]["changed"][-3:-1] if one else None for one in states]
    assert [len(page.rows["people"]) for page in pages] == [2, 1, 2, 1, 2, 0]
    assert seconds == [None, "03", "03", "06", "06", "08"]
    assert [page.mark is not None for page in pages] == [False, True, False, True, False, True]


def test_a_run_that_is_left_alone_ends_its_tap(org: Organisation) -> None:
    pages = org.source(config={"hang_after": 4}, catalog="none").pages(Request("people", full=True))
    next(pages)
    pages.close()
    assert not list(org.context.state_dir.iterdir())


def test_a_rewritten_configuration_is_kept(org: Organisation) -> None:
    for wanted in (1, 2, 3):
        org.sync(org.source(config={"rotate": 1}, catalog="none"))
        assert org.tap.runs()[-1]["config"]["rotate"] == wanted
    (kept,) = org.context.state_dir.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_run_left_is_removed(org: Organisation) -> None:
    gone = org.context.state_dir / "singer-tap-999999999-abc"
    alive = org.context.state_dir / f"singer-tap-{os.getpid()}-abc"
    for folder in (gone, alive):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    org.sync(org.source())
    assert not gone.exists()
    assert alive.exists()


def test_check_and_what_else_there_is(org: Organisation) -> None:
    source = org.source(MEMBERS)
    tap, members = source.check()
    assert tap.ok
    assert members.ok
    assert "the tap's state" in members.detail
    assert [offer.name for offer in offers(source)] == ["plans"]
    flagged = {**MEMBERS, "deletes": "flag", "deleted_field": "_sdc_deleted_at"}
    assert org.source(flagged).check()[1].ok
    wrong = {**MEMBERS, "columns": {"id": "source_record_id", "nome.x": "first_name"}}
    assert "no field nome" in org.source(wrong).check()[1].detail
    with pytest.raises(ConfigurationError, match="no field nome"):
        org.extract(org.source(wrong))
    absent = {**MEMBERS, "stream": "member"}
    assert "no stream member" in org.source(absent).check()[1].detail
    with pytest.raises(SourceError, match="without ever describing"):
        org.extract(org.source(absent, catalog="none"))
    assert "no catalog" in org.source(config={"bad_discovery": True}).check()[0].detail
    assert "no command" in org.source(command=["tap-nosuch"]).check()[0].detail
    assert "no readable catalog" in org.source(catalog="missing.json").check()[0].detail
    with pytest.raises(SourceError, match="slice of time"):
        org.extract(org.source(), since=org.clock.now())


def test_an_empty_run_is_no_new_data(org: Organisation) -> None:
    org.tap.put({"members": [], "plans": []})
    assert org.extract(org.source()).skipped_reason == NO_NEW_DATA
