"""One small association and three nights, shared by every test of this folder.

Night 1 fetches everything; night 2 runs as a Prefect flow with nothing new; then a day passes and
night 3 fetches the difference. Snapshots after each night let the tests look back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.demo import ensure_sandbox
from flows.example import write_example
from flows.home import Home
from flows.night import run_night
from flows.session import Options
from flows.steps.receipts import read_receipts
from sandbox.serve import DEFAULT_PORTS, Ports, ServedSandbox, serve
from sandbox.world import advance, generate

PEOPLE = 300


@dataclass
class Snapshot:
    """What was so after one night. `delivered` and `wanted`: (segment, address)."""

    receipt: dict[str, Any]
    delivered: set[tuple[str, str]]
    wanted: set[tuple[str, str]]
    statuses: dict[str, str]
    writes: int
    fetched: int
    truth: dict[str, pd.DataFrame] = field(repr=False)


@dataclass
class Nights:
    """The association's folder and what each night left."""

    home: Home
    snapshots: list[Snapshot]


def organisation(home: Path, served: ServedSandbox) -> Home:
    """The example organisation, pointed at the served sandbox."""
    write_example(home)
    for file in ("organisation.yml", "sources.yml", "platforms.yml"):
        path = home / "config" / file
        text = path.read_text(encoding="utf-8")
        for name, port in vars(DEFAULT_PORTS).items():
            text = text.replace(f"http://127.0.0.1:{port}", served.urls[name].rstrip("/"))
        path.write_text(text, encoding="utf-8")
    return Home(home)


def delivered(served: ServedSandbox) -> set[tuple[str, str]]:
    """(segment, address) of every segment the product owns in the fake Mailchimp."""
    names = {r.id: str(r.body["name"]) for r in served.store.query("mailchimp", "segment")}
    address = {r.id: r.body["email_address"] for r in served.store.query("mailchimp", "member")}
    return {
        (names[str(r.parent)].removeprefix("mj:"), address[r.id.split(":")[1]].lower())
        for r in served.store.query("mailchimp", "segment_member")
        if names[str(r.parent)].startswith("mj:")
    }


def snapshot(home: Home, served: ServedSandbox) -> Snapshot:
    truth = {p.stem: pd.read_parquet(p) for p in (home.root / "sandbox-data/truth").iterdir()}
    wanted = truth["deliverable"][["segment_id", "email"]]
    members = served.store.query("mailchimp", "member")
    receipt = read_receipts(home, newest=1)[0]
    log = served.servers["mailchimp"].requests
    return Snapshot(
        receipt,
        delivered(served),
        set(wanted.itertuples(index=False, name=None)),
        {r.body["email_address"].lower(): r.body["status"] for r in members},
        sum(request.method != "GET" for request in log),
        sum(item["fetched"] for item in receipt["streams"]),
        truth,
    )


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    root = tmp_path_factory.mktemp("association")
    generate(root / "sandbox-data", people=PEOPLE)
    snapshots = []
    with serve(root / "sandbox-data", Ports.free()) as served:
        home = organisation(root, served)
        ensure_sandbox(home, root / "sandbox-data")
        run_night(home, Options())
        snapshots.append(snapshot(home, served))
        run_night(home, Options(docs=False))
        snapshots.append(snapshot(home, served))
        advance(root / "sandbox-data", 1)
        run_night(home, Options(docs=False))
        snapshots.append(snapshot(home, served))
        yield Nights(home, snapshots)
