"""The ledger: one writer, only allowed steps, effects on acknowledgement only, nothing personal."""

from __future__ import annotations

import itertools
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from activation.approvals import ApprovalError, Offer
from activation.lease import AlreadyPushing, LeaseLostError
from activation.ledger import Ledger, TransitionError
from activation.ledger_effects import Settlement
from activation.ledger_schema import TRANSITIONS, State
from activation.ledger_view import LedgerRow
from activation.plan import Plan, PlanRow
from connectors.clock import ManualClock

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)
HASH = "a" * 32


def plan_of(*rows: PlanRow) -> Plan:
    return Plan("d", "b1", date(2026, 6, 30), NOW, NOW + timedelta(hours=24), rows)


ADD = PlanRow("add", "01_x", "m1", HASH, "entered")
REMOVE = PlanRow("remove", "01_x", "m1", HASH, "left_segment")
CREATE = PlanRow("create_contact", "", "m1", HASH, "not_on_platform", "f" * 32)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite", clock=clock) as opened:
        yield opened


def bring_to(ledger: Ledger, state: State, row: PlanRow = ADD) -> LedgerRow:
    """A row of a new run in the given state."""
    paths: dict[State, tuple[State, ...]] = {
        "intent": (),
        "sent": ("sent",),
        "unknown": ("sent", "unknown"),
        "acknowledged": ("sent", "acknowledged"),
        "failed": ("sent", "failed"),
        "superseded": ("superseded",),
        "suppressed": ("suppressed",),
    }
    run_id = ledger.new_run_id("d", "r")
    with ledger.lease("d", run_id) as lease:
        (found,) = ledger.begin_run(lease, plan_of(row))
        for step in paths[state]:
            ledger.settle(lease, [Settlement(found, step)])
    return found


@pytest.mark.parametrize(("old", "new"), list(itertools.product(TRANSITIONS, TRANSITIONS)))
def test_only_allowed_steps(ledger: Ledger, old: State, new: State) -> None:
    row = bring_to(ledger, old)
    with ledger.lease("d", "later") as lease:
        if new in TRANSITIONS[old]:
            ledger.settle(lease, [Settlement(row, new, "why")])
            ((found, outcome),) = ledger.rows_of_run("d", "r")
            assert (found.state, outcome) == (new, "why")
        else:
            with pytest.raises(TransitionError):
                ledger.settle(lease, [Settlement(row, new, "why")])
            ((found, _),) = ledger.rows_of_run("d", "r")
            assert found.state == old


@pytest.mark.parametrize("state", list(TRANSITIONS))
def test_only_an_acknowledgement_takes_effect(ledger: Ledger, state: State) -> None:
    bring_to(ledger, state, ADD)
    bring_to(ledger, state, CREATE)
    is_done = state == "acknowledged"
    assert ledger.delivered("d") == ({"01_x": {HASH: "m1"}} if is_done else {})
    assert ledger.fingerprints("d") == ({HASH: "f" * 32} if is_done else {})
    if is_done:
        bring_to(ledger, "failed", REMOVE)
        assert ledger.delivered("d") == {"01_x": {HASH: "m1"}}
        bring_to(ledger, "acknowledged", REMOVE)
        assert ledger.delivered("d") == {}


def test_a_settlement_is_all_or_nothing(ledger: Ledger) -> None:
    second = PlanRow("add", "01_x", "m2", "b" * 32, "entered")
    with ledger.lease("d", "r") as lease:
        rows = ledger.begin_run(lease, plan_of(ADD, second))
        sent = ledger.mark_sent(lease, rows[:1])
        with pytest.raises(TransitionError):
            ledger.settle(lease, [Settlement(row, "acknowledged") for row in [*sent, rows[1]]])
    assert ledger.delivered("d") == {}


def test_a_second_writer_is_told_who_is_there(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    with (
        Ledger(tmp_path / "ledger.sqlite", clock=clock) as other,
        ledger.lease("d", "first"),
        pytest.raises(AlreadyPushing, match="run first") as caught,
        other.lease("d", "second"),
    ):
        pytest.fail("two writers")
    assert caught.value.holder == "first"
    with ledger.lease("d", "third"), ledger.lease("another destination", "fourth"):
        pass


def test_a_writer_that_slept_too_long_is_fenced_off(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.lease("d", "slow") as slow:
        (row,) = ledger.begin_run(slow, plan_of(ADD))
        clock.advance(16 * 60)
        with ledger.lease("d", "fast") as fast:
            assert fast.token > slow.token
            for write in (
                lambda: ledger.mark_sent(slow, [row]),
                lambda: ledger.settle(slow, [Settlement(row, "failed")]),
                lambda: ledger.begin_run(slow, plan_of(ADD)),
                lambda: ledger.finish_run(slow),
            ):
                with pytest.raises(LeaseLostError):
                    write()
            assert ledger.begin_run(fast, plan_of(ADD))
    # The slow one's release did not take the lease away from anybody.
    assert [found.state for found, _ in ledger.rows_of_run("d", "slow")] == ["superseded"]


def test_the_token_fences_even_a_writer_with_the_same_run_id(
    ledger: Ledger, clock: ManualClock
) -> None:
    with ledger.lease("d", "same") as slow:
        clock.advance(16 * 60)
        with ledger.lease("d", "same"), pytest.raises(LeaseLostError):
            ledger.finish_run(slow)


def test_each_write_prolongs_the_lease(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.lease("d", "long") as lease:
        for row in ledger.begin_run(lease, plan_of(ADD)):
            clock.advance(14 * 60)
            ledger.mark_sent(lease, [row])
        clock.advance(14 * 60)
        with pytest.raises(AlreadyPushing), ledger.lease("d", "other"):
            pytest.fail("two writers")


def test_a_killed_process_leaves_no_lease_behind(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from activation.ledger import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1])); held = ledger.lease('d', 'killed'); held.__enter__()\n"
        "os.kill(os.getpid(), 9)"
    )
    path = tmp_path / "ledger.sqlite"
    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
    assert ended.returncode == -9
    with Ledger(path) as ledger, ledger.lease("d", "next") as lease:
        assert lease.token == 2


def test_a_refusal_is_remembered_and_a_quarantine_ends(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.lease("d", "r") as lease:
        other = PlanRow("add", "01_x", "m2", "b" * 32, "entered")
        first, second = ledger.mark_sent(lease, ledger.begin_run(lease, plan_of(ADD, other)))
        ended = [
            Settlement(first, "suppressed", "forgotten", "compliance"),
            Settlement(second, "failed", "invalid_resource_400", "quarantine"),
        ]
        ledger.settle(lease, ended, quarantine=timedelta(days=30))
    assert [(b.kind, b.reason) for b in ledger.blocks("d")] == [
        ("compliance", "forgotten"),
        ("quarantine", "invalid_resource_400"),
    ]
    clock.advance(31 * 86400)
    assert [b.kind for b in ledger.blocks("d")] == ["compliance"]


def test_an_approval_is_for_one_plan_once_and_expires(ledger: Ledger, clock: ManualClock) -> None:
    hours = timedelta(hours=24)
    ledger.offer("d", [Offer("h1", "01_x", "b1"), Offer("h2", "", "b1")], hours)
    assert ledger.approvable("d", "h1") == "01_x"
    with pytest.raises(ApprovalError, match="no plan"):
        ledger.approvable("other", "h1")
    with ledger.lease("d", "r") as lease:
        ledger.use_approval(lease, "h1", [("01_x", "brake", "would grow")])
    with pytest.raises(ApprovalError, match="approved and pushed already"):
        ledger.approvable("d", "h1")
    (logged,) = ledger.overrides("d")
    assert (logged["segment"], logged["guard"], logged["plan_hash"]) == ("01_x", "brake", "h1")
    clock.advance(23 * 3600)
    ledger.offer("d", [Offer("h2", "", "b1")], hours)  # seen again: keeps its first expiry
    clock.advance(2 * 3600)
    with pytest.raises(ApprovalError, match="expired"):
        ledger.approvable("d", "h2")
    ledger.offer("d", [Offer("h2", "", "b1")], hours)  # looked at anew
    assert ledger.approvable("d", "h2") == ""


def test_why_tells_a_members_story(ledger: Ledger) -> None:
    bring_to(ledger, "acknowledged", ADD)
    bring_to(ledger, "acknowledged", REMOVE)
    story = [(row["op"], row["reason"], row["state"], row["run_id"]) for row in ledger.why("m1")]
    assert story == [
        ("remove", "left_segment", "acknowledged", "r-2"),
        ("add", "entered", "acknowledged", "r"),
    ]
    assert ledger.why("nobody") == []


def test_the_files_are_the_owners_and_the_key_is_kept(tmp_path: Path) -> None:
    path, key = tmp_path / "ledger.sqlite", tmp_path / "state" / "ledger.key"
    with Ledger(path) as first:
        hashed = first.hasher.address("a@example.org")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with Ledger(path) as again:
        assert again.hasher.address("a@example.org") == hashed
    with sqlite3.connect(path) as db:
        text = "\n".join(db.iterdump())
    db.close()
    assert "example.org" not in text


def test_another_database_needs_its_key_file() -> None:
    with pytest.raises(ValueError, match="key_file"):
        Ledger("postgresql://nowhere/ledger")
