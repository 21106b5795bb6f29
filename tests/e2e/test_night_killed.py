"""kill -9 at named moments of a night: yesterday stays published, the rerun converges."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from night_tools import Nights, delivered, point_at, snapshot

from flows.home import Home
from flows.steps.receipts import read_receipts
from sandbox.serve import Ports, serve
from sandbox.world import advance

pytestmark = pytest.mark.slow
# The other moments of publishing, and the flip itself, are in tests/faults/test_publish.py.
MOMENTS = ("ingest:stream", "load:batch", "build:started", "publish:written")


def night(home: Home, kill_at: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "nightly", "--no-docs", "--home", str(home.root)],
        env={**os.environ, "JOURNEY_KILL_AT": kill_at, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_killed_at_every_step_then_run_again(nights: Nights, tmp_path: Path) -> None:
    root = tmp_path / "association"
    shutil.copytree(nights.home.root, root, symlinks=True)
    advance(root / "sandbox-data", 1)
    with serve(root / "sandbox-data", Ports.free()) as served:
        home = point_at(root, served)
        yesterday = home.current.readlink()
        before = delivered(served)
        for moment in MOMENTS:
            killed = night(home, kill_at=moment)
            assert killed.returncode == -signal.SIGKILL, (moment, killed.stderr)
            assert home.current.readlink() == yesterday
            assert delivered(served) == before
            assert not list(home.published.rglob("*.wal"))
        done = night(home)
        assert done.returncode == 0, done.stderr
        last = snapshot(home, served)
    assert last.delivered == last.wanted
    states = [receipt["state"] for receipt in read_receipts(home, newest=len(MOMENTS) + 1)]
    assert states == ["succeeded", *["interrupted"] * len(MOMENTS)]
    kept = home.current.readlink().name
    assert {p.name.split(".")[0] for p in home.builds.glob("build-*")} >= {f"build-{kept}"}
    assert not list(home.published.glob(".*"))
