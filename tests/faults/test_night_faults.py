"""Nights that go wrong before they build: what is published stays, and somebody is told.

The build is not reached, so these need no dbt: a failing source, a source that shrank, a second
run, a notification. The volume guard is shown a last good night through its receipt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

import flows.night
from flows.demo import ensure_sandbox
from flows.errors import AlreadyRunning, HeldByGuard, JourneyError
from flows.example import write_example
from flows.home import Home
from flows.lock import RunLock
from flows.night import run_night
from flows.results import Receipt
from flows.session import Options
from flows.steps.receipts import read_receipts, write_receipt
from sandbox.serve import DEFAULT_PORTS, Ports, ServedSandbox, serve
from sandbox.world import generate


class BuiltError(Exception):
    """Raised in place of the build: the night got that far."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate(folder, people=60)
    return folder


@pytest.fixture
def served(world: Path) -> Iterator[ServedSandbox]:
    with serve(world, Ports.free()) as running:
        yield running


@pytest.fixture
def home(
    tmp_path: Path, world: Path, served: ServedSandbox, monkeypatch: pytest.MonkeyPatch
) -> Home:
    write_example(tmp_path)
    for path in (tmp_path / "config").glob("*.yml"):
        text = path.read_text(encoding="utf-8").replace("sandbox-data/drop", str(world / "drop"))
        for name, port in vars(DEFAULT_PORTS).items():
            text = text.replace(f"http://127.0.0.1:{port}", served.urls[name].rstrip("/"))
        # Failing sources shall fail soon.
        text = text.replace("      base_url:", "      max_attempts: 1\n      base_url:")
        path.write_text(text, encoding="utf-8")
    ensure_sandbox(Home(tmp_path), world)

    def stop(*_: Any) -> None:
        raise BuiltError

    monkeypatch.setattr(flows.night, "build", stop)
    return Home(tmp_path)


def last_good(home: Home, counts: dict[str, int]) -> None:
    """A receipt as a good night leaves it."""
    home.make()
    receipt = Receipt("20260101T000000-0000", "nightly", None, "2026-01-01T00:00:00+00:00")
    receipt.state, receipt.version, receipt.counts = "succeeded", "v1", counts
    write_receipt(home, receipt)


def broken(served: ServedSandbox, name: str) -> None:
    served.servers[name].faults.on().every().status(500)


def newest(home: Home) -> dict[str, Any]:
    return read_receipts(home, newest=1)[0]


def test_an_optional_source_that_fails_is_named_and_the_night_goes_on(
    home: Home, served: ServedSandbox
) -> None:
    broken(served, "pretix")
    with pytest.raises(BuiltError):
        run_night(home, Options())
    receipt = newest(home)
    assert any("source pretix failed and is not required" in text for text in receipt["warnings"])
    loaded = {item["source"] for item in receipt["streams"] if item["state"] == "loaded"}
    assert {"civicrm", "stripe", "mailchimp", "filedrop"} <= loaded
    assert "pretix" not in loaded


def test_a_required_source_that_fails_ends_the_night_after_loading_the_others(
    home: Home, served: ServedSandbox
) -> None:
    broken(served, "civicrm")
    with pytest.raises(JourneyError, match="a required source failed") as raised:
        run_night(home, Options())
    assert raised.value.exit_code == 1
    receipt = newest(home)
    assert receipt["state"] == "failed"
    assert "civicrm" in receipt["error"]
    assert any(i["source"] == "stripe" and i["state"] == "loaded" for i in receipt["streams"])
    assert not home.current.exists()


def test_a_source_that_shrank_holds_the_night_until_it_is_allowed(
    home: Home, served: ServedSandbox
) -> None:
    last_good(home, {"stripe.charge": 100_000, "civicrm.contact": 1})
    with pytest.raises(HeldByGuard, match=r"stripe\.charge: 100,000 rows before") as raised:
        run_night(home, Options())
    assert raised.value.exit_code == 5
    assert "--allow-drop stripe.charge" in raised.value.hint
    assert newest(home)["state"] == "held"
    with pytest.raises(BuiltError):
        run_night(home, Options(allow_drops=("stripe.charge",)))
    receipt = newest(home)
    assert receipt["overrides"] == ["allow-drop stripe.charge"]
    assert any(text.startswith("allowed: stripe.charge") for text in receipt["warnings"])


def test_a_full_read_that_comes_back_empty_never_reaches_raw(
    home: Home, served: ServedSandbox
) -> None:
    with pytest.raises(BuiltError):
        run_night(home, Options())
    before = newest(home)["counts"]["civicrm.membership"]
    assert before > 20
    records = list(served.store.query("civicrm", "Membership"))
    for record in records:
        served.store.delete("civicrm", "Membership", record.id)
    try:
        with pytest.raises(HeldByGuard, match=r"civicrm\.membership"):
            run_night(home, Options())
        assert newest(home)["counts"]["civicrm.membership"] == before
    finally:
        served.store.put_many(records)
    with pytest.raises(BuiltError):
        run_night(home, Options())
    assert newest(home)["counts"]["civicrm.membership"] == before


def test_a_second_run_is_refused_with_the_first_ones_id(home: Home) -> None:
    with RunLock(home).held("run-1", "nightly"), pytest.raises(AlreadyRunning, match="run-1"):
        run_night(home, Options())
    assert read_receipts(home) == []


def test_a_failed_night_is_told_without_secrets_or_people(
    home: Home, served: ServedSandbox, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    monkeypatch.setenv("JOURNEY_NOTIFY_URL", httpserver.url_for("/hook"))
    path = home.config / "organisation.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("url_envs: []", "url_envs: [JOURNEY_NOTIFY_URL]"), "utf-8")
    broken(served, "civicrm")
    with pytest.raises(JourneyError):
        run_night(home, Options())
    ((request, _),) = httpserver.log
    told = json.loads(request.get_data())
    assert told["event"] == "failure"
    assert told["run_id"] == newest(home)["run_id"]
    assert "a required source failed" in told["text"]
    assert "sandbox-civicrm-key" not in told["text"]
