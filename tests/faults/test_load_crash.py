"""kill -9 at the statements of a load: rows and cursor come together, and only once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from crash_tools import CHILD, asked, copy, environment, final_state, prepare, run

from connectors.landing.loader import Loader


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two complete batches, the first of them loaded."""
    home = prepare(tmp_path_factory.mktemp("landed") / "home")
    run(home)
    run(home, "extract")
    return home


def test_killed_at_any_statement_of_a_load(landed: Path, tmp_path: Path) -> None:
    calm = copy(landed, tmp_path / "calm")
    run(calm, "load")
    wanted, steps = final_state(calm), int((calm / "steps.txt").read_text())
    before = final_state(landed)
    assert before != wanted
    for step in sorted({*range(1, steps, 13), steps - 9, steps - 1, steps}):
        home = copy(landed, tmp_path / f"at-{step}")
        asked(home)
        assert run(home, "load", step) == -signal.SIGKILL
        assert final_state(home) in (before, wanted), f"half a batch at statement {step}"
        run(home, "load")
        assert asked(home) == [], "loading fetches nothing"
        assert final_state(home) == wanted, f"killed before statement {step}"


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Whole nights, killed from outside after some time; the last one may live."""
    calm = prepare(tmp_path / "calm")
    run(calm)
    home = prepare(tmp_path / "home")
    delays = random.Random(7)
    for _ in range(4):
        night = subprocess.Popen(
            [sys.executable, str(CHILD), str(home), "both", "0"],
            env=environment(),
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delays.uniform(0.5, 2.0))
        night.kill()
        night.wait()
    for _ in range(2):  # however many nights got through, both have now seen everything
        run(calm)
        run(home)
    assert final_state(home) == final_state(calm)


def test_a_stale_lock_does_not_stop_the_next_loader(landed: Path, tmp_path: Path) -> None:
    home = copy(landed, tmp_path / "home")
    assert run(home, "load", 12) == -signal.SIGKILL
    assert list(home.glob("*.lock.holder")), "the killed one left its note"
    assert Loader(home / "raw.duckdb").loaded("shop")
    assert not list(home.glob("*.lock.holder"))


def test_a_full_disk_is_an_error_and_nothing_changes(landed: Path, tmp_path: Path) -> None:
    """Files that may not grow past 1,000 bytes: like ENOSPC, without a file system of its own."""
    home = copy(landed, tmp_path / "home")
    before = final_state(home)
    child = (
        "import resource, runpy, signal, sys;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        f"sys.argv = [{str(CHILD)!r}, {str(home)!r}, 'load', '0'];"
        f"runpy.run_path({str(CHILD)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", child], capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert final_state(home) == before
    run(home, "load")
    assert final_state(home) != before


def test_a_damaged_batch_is_refused_and_read_again(landed: Path, tmp_path: Path) -> None:
    home = copy(landed, tmp_path / "home")
    before = final_state(home)
    for part in (home / "landing/shop/order").glob("*/part-*.gz"):
        part.write_bytes(b"not what the manifest says")
    done = subprocess.run(
        [sys.executable, str(CHILD), str(home), "load", "0"],
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 1
    assert "is missing or damaged" in done.stderr
    assert final_state(home) == before
    run(home)
    calm = copy(landed, tmp_path / "calm")
    run(calm, "load")
    assert final_state(home) == final_state(calm)
