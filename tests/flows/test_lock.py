"""One run at a time; the second one names the first; a dead run's lock is nobody's (fault 20)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.errors import AlreadyRunning
from flows.home import Home
from flows.lock import RunLock

HOLD = """
import sys, time
from pathlib import Path
from flows.home import Home
from flows.lock import RunLock
with RunLock(Home(Path(sys.argv[1]))).held("run-1", "nightly"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_run_is_told_the_first_ones_id(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline().strip() == "held"
        with (
            pytest.raises(AlreadyRunning, match=r"run run-1 \(nightly\), process") as raised,
            RunLock(home).held("run-2", "nightly"),
        ):
            pass
        assert raised.value.exit_code == 4
        holder = RunLock(home).holder()
        assert holder is not None
        assert holder["pid"] == first.pid
        first.send_signal(signal.SIGKILL)
        first.wait()
    # The dead run left its note behind; its lock went with it.
    assert json.loads((home.state / "run.json").read_text())["run_id"] == "run-1"
    assert RunLock(home).holder() is None
    with RunLock(home).held("run-3", "nightly"):
        pass
    assert not (home.state / "run.json").exists()
