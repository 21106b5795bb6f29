"""kill -9 at the durable steps of an extraction: the rerun converges, no page is fetched twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from crash_tools import asked, copy, final_state, prepare, run

from connectors.landing.state import read_states
from connectors.landing.store import Landing


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    home = prepare(tmp_path_factory.mktemp("calm") / "home")
    run(home)
    return final_state(home)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> int:
    home = prepare(tmp_path_factory.mktemp("count") / "home")
    run(home, "extract")
    return int((home / "steps.txt").read_text())


def test_killed_at_the_steps_of_an_extraction(
    tmp_path: Path, undisturbed: dict[str, object], steps: int
) -> None:
    assert steps > 20, "there are fewer durable steps than a page needs"
    # Seven is no divisor of a page's steps: the points fall on every kind of step.
    for step in range(1, steps + 1, 7):
        home = prepare(tmp_path / f"at-{step}")
        assert run(home, "extract", step) == -signal.SIGKILL
        assert not (home / "raw.duckdb").exists(), "a cursor without its rows"
        asked(home)
        batch = Landing(home / "landing").unfinished("shop", "order")
        finished = {str(page.number) for page in batch.pages} if batch else set()
        run(home)
        assert not finished & set(asked(home)), f"a finished page was fetched again (step {step})"
        assert final_state(home) == undisturbed, f"killed before step {step}"


def test_killed_between_extraction_and_load(tmp_path: Path, undisturbed: dict[str, object]) -> None:
    home = prepare(tmp_path / "home")
    run(home, "extract")
    asked(home)
    run(home, "load")
    assert asked(home) == []
    assert final_state(home) == undisturbed


def test_killed_while_reading_changes(tmp_path: Path) -> None:
    """The second night, after a first whole one: its mark stays until its rows are there."""
    first = prepare(tmp_path / "first")
    run(first)
    before = read_states(first / "raw.duckdb")["shop", "order"].mark
    calm = copy(first, tmp_path / "calm")
    run(calm)
    wanted = final_state(calm)
    for step in (3, 6, 9):
        home = copy(first, tmp_path / f"at-{step}")
        assert run(home, "extract", step) == -signal.SIGKILL
        assert read_states(home / "raw.duckdb")["shop", "order"].mark == before
        run(home)
        assert final_state(home) == wanted
