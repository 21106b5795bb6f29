"""Homes for processes that are killed, and what must be the same afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from connectors.landing.state import connect_to_read, read_states

CHILD = Path(__file__).with_name("night_child.py")


def _order(number: int, day: int, name: str = "") -> dict[str, Any]:
    return {
        "id": number,
        "name": name or f"order {number}",
        "email": f"P{number}@Example.org",
        "changed": f"2026-06-{day:02d}T10:00:00Z",
    }


def prepare(home: Path) -> Path:
    """A home whose source has four pages, then two pages of changes; two orders vanish."""
    pages = [
        {
            "order": [_order(4 * page + n, 10 + page) for n in range(4)],
            "line": [{"order_id": 4 * page + n, "no": 1} for n in range(4)],
        }
        for page in range(4)
    ]
    pages[2]["order"].append({**_order(90, 12), "changed": "someday"})
    changes = [
        {"order": [_order(0, 20, "changed")], "line": [{"order_id": 0, "no": 2}]},
        {"order": [_order(20, 21)], "line": []},
    ]
    ids = [*range(14), 20]
    home.mkdir(parents=True)
    (home / "pages.json").write_text(json.dumps({"pages": pages, "changes": changes, "ids": ids}))
    return home


def environment() -> dict[str, str]:
    """The child finds the package under test, installed or not."""
    return {**os.environ, "PYTHONPATH": str(CHILD.parents[2])}


def run(home: Path, what: str = "both", step: int = 0) -> int:
    """Run the child; its exit status, negative when a signal ended it."""
    done = subprocess.run(
        [sys.executable, str(CHILD), str(home), what, str(step)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def asked(home: Path) -> list[str]:
    """The pages asked for since the last call."""
    log = home / "asked.log"
    lines = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def copy(home: Path, target: Path) -> Path:
    shutil.copytree(home, target)
    return target


def final_state(home: Path) -> dict[str, Any]:
    """All rows with their history (without times and batch ids), quarantine and mark."""
    db = connect_to_read(home / "raw.duckdb")
    try:
        return {
            "order": db.execute(
                "select id, name, email_key, _known_to is null, _is_deleted, _row_hash"
                ' from shop."order" order by all'
            ).fetchall(),
            "line": db.execute(
                "select order_id, no, _known_to is null, _is_deleted from shop.line order by all"
            ).fetchall(),
            "quarantine": db.execute(
                "select stream, reason, record from _journey.quarantine order by all"
            ).fetchall(),
            "mark": read_states(home / "raw.duckdb")["shop", "order"].mark,
        }
    finally:
        db.close()
