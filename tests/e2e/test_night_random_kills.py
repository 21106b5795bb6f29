"""kill -9 at ten random moments of a night: the rerun ends like a night nobody disturbed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from night_tools import delivered, organisation

from flows.demo import ensure_sandbox
from flows.home import Home
from sandbox.serve import Ports, serve
from sandbox.world import generate

pytestmark = pytest.mark.long
KILLS = 10
# Tables about the runs themselves; and columns that say when something was first read, which a
# killed and repeated night does at another time.
ABOUT_RUNS = {"ops_run", "ops_stream", "published_version"}
WHEN_READ = {"known_at", "known_until", "member_version_key", "dim_member.valid_from"}


def start(home: Home) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "nightly", "--no-docs", "--home", str(home.root)],
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # dbt dies with the night, as on a machine that loses power
    )


def tables(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every published table, in a fixed order; sums of doubles to six decimals."""
    found = {}
    for file in ("analyst.duckdb", "activation.duckdb"):
        with duckdb.connect(str(home.current / file), read_only=True) as db:
            for (name,) in db.execute("show tables").fetchall():
                if name in ABOUT_RUNS:
                    continue
                described = db.execute(f'describe "{name}"').fetchall()
                columns = ", ".join(
                    f'round("{c[0]}", 6)' if c[1] == "DOUBLE" else f'"{c[0]}"'
                    for c in described
                    if not WHEN_READ & {c[0], f"{name}.{c[0]}"}
                )
                rows = db.execute(f'select {columns} from "{name}" order by all').fetchall()
                found[f"{file}:{name}"] = rows
    return found


@pytest.mark.timeout(1800)
def test_ten_random_kills_end_like_an_undisturbed_night(tmp_path: Path) -> None:
    generate(tmp_path / "calm" / "sandbox-data", people=300)
    shutil.copytree(tmp_path / "calm", tmp_path / "disturbed")
    with serve(tmp_path / "calm" / "sandbox-data", Ports.free()) as served:
        calm = organisation(tmp_path / "calm", served)
        ensure_sandbox(calm, calm.root / "sandbox-data")
        began = time.monotonic()
        assert start(calm).wait() == 0
        length = time.monotonic() - began
        assert start(calm).wait() == 0  # reads back what the first night pushed
        wanted, expected = tables(calm), delivered(served)
    moments = random.Random(20261122)
    with serve(tmp_path / "disturbed" / "sandbox-data", Ports.free()) as served:
        home = organisation(tmp_path / "disturbed", served)
        ensure_sandbox(home, home.root / "sandbox-data")
        killed = 0
        for _ in range(KILLS):
            night = start(home)
            time.sleep(moments.uniform(0.5, length))
            if night.poll() is None:
                os.killpg(night.pid, signal.SIGKILL)
                killed += 1
            night.wait()
        assert killed >= KILLS // 2
        assert start(home).wait() == 0
        assert delivered(served) == expected
        assert start(home).wait() == 0
        assert delivered(served) == expected
        found = tables(home)
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if found[name] != wanted[name]] == []
