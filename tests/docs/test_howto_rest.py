"""docs/how-to/add-a-system.md, done to the letter: its YAML, its commands, the answers it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.sources.rest import RestSettings
from connectors.testing.messages import Request, Response
from connectors.testing.server import FakeServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-a-system.md").read_text("utf-8")
ADDRESS = "https://clubbook.example.org"
KEY = "the-key-from-your-system"


def blocks(language: str) -> list[str]:
    """The page's code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


class Clubbook:
    """The system as the page describes it: the answers it shows, filtered and paged as it says."""

    def __init__(self) -> None:
        self.members, self.payments = (json.loads(block) for block in blocks("json"))

    def handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Response.of_json({"error": "log in"}, 401)
        if request.path == "/api/members":
            found = self.members["members"] if request.param("page") == "1" else []
            return Response.of_json({"members": found, "total": self.members["total"]})
        if request.path == "/api/payments":
            after = int(request.param("after") or 0)
            found = [row for row in self.payments["payments"] if row["no"] > after]
            return Response.of_json({"payments": found})
        return Response.of_json({"error": "no such path"}, 404)


class Terminal:
    """A shell in which `journey` and `python` are those of this repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tools = folder / "bin"
        tools.mkdir()
        for name, command in (("journey", "-m flows.cli"), ("python", "")):
            script = f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n'
            (tools / name).write_text(script, encoding="utf-8")
            (tools / name).chmod(0o755)
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        path = f"{tools}:{os.environ['PATH']}"
        self.environment = {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}

    def run(self, commands: str, *, fails: bool = False) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with FakeServer(Clubbook()) as server:
        yield server


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, server: FakeServer) -> dict[str, Any]:
    """The page, followed: what the commands of its shell blocks printed."""
    setup, tries, looks = blocks("sh")
    (description,) = blocks("yaml")
    terminal = Terminal(tmp_path_factory.mktemp("reader"))
    terminal.run(setup)
    terminal.folder /= "my-association"
    text = description.replace(ADDRESS, server.url)
    assert text != description
    sources = terminal.folder / "config" / "sources.yml"
    sources.write_text(text, encoding="utf-8")
    printed = [terminal.run(command) for command in tries.splitlines()]
    return {
        "terminal": terminal,
        "sources": sources,
        "check": printed[0],
        "discover": printed[1],
        "sync": printed[2],
        "rows": [terminal.run(command) for command in looks.splitlines()],
    }


def test_check_and_discover_show_what_the_page_says(followed: dict[str, Any]) -> None:
    assert "clubbook.people" in followed["check"]
    assert "2 records on the first page" in followed["check"]
    assert "people: notes" in followed["discover"]
    assert "likes tea" not in followed["discover"]


def test_the_rows_are_there(followed: dict[str, Any]) -> None:
    people, payments = followed["rows"]
    assert re.search(r"clubbook\W+17\W+Example\W+1980-02-29", people)
    assert re.search(r"clubbook\W+18\W+Sample\W+1975-12-01", people)
    assert re.search(r"501\W+payment\W+8990\W+2026-06-02 22:00:00", payments)
    assert re.search(r"502\W+refund\W+-1200\W+", payments)


def test_the_second_sync_asks_for_what_is_new(followed: dict[str, Any], server: FakeServer) -> None:
    seen = len(server.requests)
    followed["terminal"].run("journey sources sync clubbook")
    asked = server.requests[seen:]
    assert [r.param("updated_after") for r in asked if r.path == "/api/members"] == [
        "2026-06-04T05:55:00Z"
    ]
    assert [r.param("after") for r in asked if r.path == "/api/payments"] == ["502"]


def test_mistakes_are_listed_at_once_with_their_lines(followed: dict[str, Any]) -> None:
    good = followed["sources"].read_text(encoding="utf-8")
    bad = good.replace('"{page}"', '"1"').replace("town: city", "town: ort")
    bad = bad.replace("type: bearer", "type: bear").replace("by: last_id", "by: id")
    followed["sources"].write_text(bad, encoding="utf-8")
    try:
        said = followed["terminal"].run("journey sources check", fails=True)
    finally:
        followed["sources"].write_text(good, encoding="utf-8")
    said = " ".join(said.split())
    for words in ("people has no column ort", "'bear'", "'id'"):
        assert words in said, said
    lines = [int(number) for number in re.findall(r"config/sources.yml:(\d+)", said)]
    assert len(lines) == 3
    followed["sources"].write_text(good.replace('"{page}"', '"1"'), encoding="utf-8")
    said = " ".join(followed["terminal"].run("journey sources check", fails=True).split())
    followed["sources"].write_text(good, encoding="utf-8")
    assert "paginate by page needs {page} in `params`, `body` or `path`" in said


def test_the_readme_s_example_is_a_good_description() -> None:
    readme = ROOT / "connectors" / "sources" / "rest" / "README.md"
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", readme.read_text("utf-8"), re.M | re.S)
    settings = yaml.safe_load(text)["sources"]["ticketshop"]["settings"]
    made = RestSettings.model_validate({**settings, "secret": "s"})
    assert [stream.entity for stream in made.streams] == ["events", "registrations"]
