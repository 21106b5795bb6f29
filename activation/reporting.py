"""Write the PushReport from what a push knew and what the ledger recorded.

Data flow: PushState + ledger rows of the run -> PushReport. Counts and hashes only.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Literal

from activation.address import mask
from activation.ledger import Ledger
from activation.report import PushReport, SegmentReport
from activation.state import PushState


def write_report(state: PushState, ledger: Ledger, finished_at: datetime) -> PushReport:
    """The report of one push, dry or real."""
    rows = []
    if not state.dry_run and state.going is not None:
        rows = ledger.rows_of_run(state.adapter.destination, state.run_id)
    ends = Counter((row.row.segment, str(row.state)) for row, _ in rows)
    contacts = Counter(f"{row.row.op}_{row.state}" for row, _ in rows if row.row.segment == "")
    if state.dry_run and state.going is not None:
        contacts.update(row.op for row in state.going.rows if row.segment == "")
    failures = Counter(outcome for row, outcome in rows if row.state == "failed")
    return PushReport(
        destination=state.adapter.destination,
        platform=state.adapter.name,
        run_id=state.run_id,
        build_version=state.build_version,
        as_of=state.as_of,
        started_at=state.started_at,
        finished_at=finished_at,
        dry_run=state.dry_run,
        status=_status(state),
        plan_hash=state.plan.hash if state.plan else "",
        blocked_reason=state.blocked,
        stopped_reason=state.stopped,
        segments=tuple(_segment(state, name, ends) for name in state.segments),
        contacts=dict(contacts),
        failures=dict(failures),
        recovered=dict(state.recovered),
        retired=state.retired,
        preview=_preview(state),
    )


def _status(state: PushState) -> Literal["pushed", "dry_run", "held", "blocked", "stopped"]:
    if state.blocked:
        return "blocked"
    if state.stopped:
        return "stopped"
    if state.offered:
        return "held"
    return "dry_run" if state.dry_run else "pushed"


def _segment(state: PushState, name: str, ends: Counter[tuple[str, str]]) -> SegmentReport:
    if state.desired is None or state.plan is None:
        return SegmentReport(segment=name)
    members = state.desired.states[name]
    is_held = name in state.offered
    return SegmentReport(
        segment=name,
        candidates=state.desired.candidates[name],
        desired=len(members.desired),
        before=members.before,
        adds=len(state.plan.of("add", name)),
        removes=len(state.plan.of("remove", name)),
        foreign=members.foreign,
        suppressed=dict(state.desired.suppressed[name]),
        held=is_held,
        held_reason=state.verdicts[name].message if is_held else "",
        approve=state.offered.get(name),
        acknowledged=ends[name, "acknowledged"],
        failed=ends[name, "failed"],
        unknown=ends[name, "unknown"],
        refused=ends[name, "suppressed"],
        not_sent=ends[name, "superseded"],
    )


def _preview(state: PushState) -> tuple[str, ...]:
    if not state.dry_run or state.plan is None or state.desired is None:
        return ()
    payloads = state.desired.payloads
    masked = {address: mask(payload.email) for address, payload in payloads.items()}
    return tuple(state.plan.preview(masked))
