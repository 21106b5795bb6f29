"""One small association and three nights, shared by every test of this folder.

Night 1 fetches everything, night 2 finds nothing new; then a day passes and night 3 fetches the
difference. Meanwhile another process reads the published files in a loop.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from typer.testing import CliRunner

from flows.cli import app
from flows.demo import ensure_sandbox
from flows.example import write_example
from flows.home import Home
from flows.night import run_night
from flows.session import Options
from flows.steps.receipts import read_receipts
from sandbox.serve import Ports, ServedSandbox, serve
from sandbox.world import advance, generate

PEOPLE = 300
_URL = r"http://127\.0\.0\.1:\d+"
# The clock's line, and the first address after each source's or platform's name.
ADDRESSES = {
    "clock": rf"(clock: ){_URL}",
    **{
        name: rf"(\n  {name}:\n.*?base_url: ){_URL}"
        for name in ("civicrm", "pretix", "stripe", "mailchimp")
    },
}


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
    reads: list[int]  # how often the reader read during nights 2 and 3, and versions it saw
    known: str  # what `journey build --as-known-at` said, asked for what night 2 knew


def organisation(root: Path, served: ServedSandbox) -> Home:
    """The example organisation, pointed at the served sandbox."""
    write_example(root)
    return point_at(root, served)


def point_at(root: Path, served: ServedSandbox) -> Home:
    """Let the configuration in `root` use the served sandbox's addresses."""
    for file in ("organisation.yml", "sources.yml", "platforms.yml"):
        path = root / "config" / file
        text = path.read_text(encoding="utf-8")
        for name, pattern in ADDRESSES.items():
            text = re.sub(pattern, rf"\g<1>{served.urls[name].rstrip('/')}", text, flags=re.S)
        path.write_text(text, encoding="utf-8")
    return Home(root)


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


READER = """
import sys, time, duckdb
from pathlib import Path
current, reads, versions = Path(sys.argv[1]), 0, set()
while not Path(sys.argv[2]).exists():
    folder = current.resolve()
    with duckdb.connect(str(folder / "analyst.duckdb"), read_only=True) as a:
        one = a.execute("select version from published_version").fetchall()
        a.execute("select stage, count(*) from mart_member_360 group by 1").fetchall()
    with duckdb.connect(str(folder / "activation.duckdb"), read_only=True) as b:
        other = b.execute("select version from published_version").fetchall()
    assert one == other == [(folder.name,)], (one, other, folder.name)
    reads += 1
    versions.add(folder.name)
    time.sleep(0.1)
print(reads, len(versions))
"""


@contextmanager
def reading(home: Home) -> Iterator[list[int]]:
    """A reader in another process, in a loop; afterwards [reads, versions seen], or its error."""
    stop = home.root / "stop-reading"
    counted: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(home.current), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        try:
            yield counted
        finally:
            stop.touch()
            out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    counted += [int(word) for word in out.split()]


def build_nights(root: Path) -> Nights:
    """Three nights in `root`."""
    generate(root / "sandbox-data", people=PEOPLE)
    snapshots = []
    with serve(root / "sandbox-data", Ports.free()) as served:
        home = organisation(root, served)
        ensure_sandbox(home, root / "sandbox-data")
        run_night(home, Options())
        snapshots.append(snapshot(home, served))
        with reading(home) as reads:
            run_night(home, Options(docs=False))
            snapshots.append(snapshot(home, served))
            moment = datetime.now(UTC)
            advance(root / "sandbox-data", 1)
            run_night(home, Options(docs=False))
            snapshots.append(snapshot(home, served))
        known = as_known(home, moment, snapshots[1].receipt["as_of"])
    return Nights(home, snapshots, reads, known)


def as_known(home: Home, moment: datetime, day: str) -> str:
    """Ask for the warehouse of a day as known at a moment, like a user would."""
    arguments = ["build", "--home", str(home.root), "--as-of", day]
    arguments += ["--as-known-at", moment.isoformat()]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stdout + result.stderr
    return result.stdout
