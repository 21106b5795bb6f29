"""A whole night on the sandbox association, in one process, leaving nothing behind but its data.

Data flow: sandbox folder (made if missing) -> fake systems in threads -> run_night -> summary.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from flows.errors import HeldByGuard, JourneyError
from flows.home import Home
from flows.night import run_night
from flows.output import say
from flows.session import Options
from flows.summary import push_line, receipt_lines
from sandbox.serve import SANDBOX_KEYS, STORE_NAME, serve
from sandbox.world import generate


@dataclass(frozen=True)
class DemoResult:
    """What the demo shows at its end."""

    home: Home
    receipt: dict[str, Any]
    segments: list[tuple[str, int]]

    @property
    def exit_code(self) -> int:
        return HeldByGuard.exit_code if self.receipt["state"] == "held" else 0

    def as_dict(self) -> dict[str, Any]:
        return {"receipt": self.receipt, "segments": dict(self.segments), "look": self._places()}

    def lines(self) -> list[str]:
        people = self.receipt["people"]
        found = ["", *receipt_lines(self.receipt), "", f"{sum(people.values()):,} people by stage"]
        found += [f"  {stage:<14}{count:>7,}" for stage, count in people.items()]
        found += ["", "segments (before consent)"]
        found += [f"  {segment:<26}{count:>7,}" for segment, count in self.segments]
        found += ["", "delivered", *(f"  {push_line(push)}" for push in self.receipt["pushes"])]
        found += ["", "look"]
        found += [f"  {name:<12}{place}" for name, place in self._places().items()]
        return [*found, "", *_NEXT]

    def _places(self) -> dict[str, str]:
        return {
            "report": str(self.home.current / "report.html"),
            "warehouse": str(self.home.current / "analyst.duckdb"),
            "dbt docs": str(self.home.docs / "dbt" / "index.html"),
            "Data Docs": str(self.home.docs / "gx" / "checks.html"),
        }


_NEXT = (
    "next",
    "  source .venv/bin/activate       # when installed by make",
    "  journey sandbox serve &         # the association's systems, on loopback",
    "  journey nightly                 # nothing changed: nothing is pushed",
    "  journey sandbox advance 1       # a day passes",
    "  journey nightly                 # only the difference is fetched and pushed",
)


def run_demo(home: Home, folder: Path, *, people: int, tell: Callable[[str], None]) -> DemoResult:
    """Make the sandbox if needed, serve it in threads, run one night, collect the summary."""
    if not (folder / STORE_NAME).is_file():
        tell(f"Making an association of {people:,} people (once)")
        generate(folder, people=people)
    ensure_sandbox(home, folder)
    try:
        with serve(folder):
            tell("Its systems answer on 127.0.0.1; the night begins")
            receipt = run_night(home, Options())
    except OSError as error:
        raise JourneyError(str(error.strerror or error)) from error
    path = home.current.resolve() / "activation.duckdb"
    with duckdb.connect(str(path), read_only=True) as db:
        segments = db.execute(
            "select segment_id, count(*) from seg_candidates group by 1 order by 1"
        ).fetchall()
    return DemoResult(home, receipt.as_dict(), [(str(name), int(n)) for name, n in segments])


def ensure_sandbox(home: Home, folder: Path, *, people: int = 3000) -> None:
    """Make the sandbox if it is missing, and an .env with its well-known keys if there is none."""
    if not (folder / STORE_NAME).is_file():
        generate(folder, people=people)
    if not home.env_file.exists():
        lines = ["# The sandbox's well-known keys; they open nothing else."]
        lines += [f"{name}={value}" for name, value in SANDBOX_KEYS.items()]
        home.env_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        home.env_file.chmod(0o600)


def serve_until_stopped(folder: Path) -> None:
    """Serve on the default ports until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serve(folder) as served:
            for name, url in served.urls.items():
                say(f"{name:<10} {url}")
            say("Stop with Ctrl-C.")
            stop.wait()
    except OSError as error:
        raise JourneyError(str(error.strerror or error)) from error
