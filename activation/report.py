"""What a push did or would do, as JSON without personal data.

Data flow: plan + verdicts + ledger outcomes -> PushReport -> receipts, the `journey` command.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SegmentReport(BaseModel):
    """One segment's counts; `desired = sent now or already there + not sent`, never addresses.

    `held_reason` is a sentence with both counts when a guard holds the segment; `approve` is the
    hash that lets exactly this slice of the plan pass.
    """

    model_config = ConfigDict(frozen=True)

    segment: str
    candidates: int = 0
    desired: int = 0
    before: int = 0
    adds: int = 0
    removes: int = 0
    foreign: int = 0  # members on the platform that somebody else added; left alone
    suppressed: dict[str, int] = Field(default_factory=dict)
    held: bool = False
    held_reason: str = ""
    approve: str | None = None
    acknowledged: int = 0
    failed: int = 0
    unknown: int = 0
    refused: int = 0  # not sent after all: status changed between plan and push
    not_sent: int = 0  # the push stopped before them; the next plan has them again


class PushReport(BaseModel):
    """The result of one push to one destination.

    `status`: pushed (all that was planned was tried), dry_run, held (at least one segment waits
    for somebody), blocked (nothing may be pushed at all, see `blocked_reason`), stopped (the
    platform ended the push half-way, see `stopped_reason`; the next push continues).
    """

    model_config = ConfigDict(frozen=True)

    destination: str
    platform: str
    run_id: str
    build_version: str
    as_of: date
    started_at: datetime
    finished_at: datetime
    dry_run: bool
    status: Literal["pushed", "dry_run", "held", "blocked", "stopped"]
    plan_hash: str = ""
    blocked_reason: str = ""
    stopped_reason: str = ""
    segments: tuple[SegmentReport, ...] = ()
    contacts: dict[str, int] = Field(default_factory=dict)  # create/update counts and outcomes
    failures: dict[str, int] = Field(default_factory=dict)  # reason -> rows
    recovered: dict[str, int] = Field(default_factory=dict)  # rows of an earlier run, by outcome
    retired: tuple[str, ...] = ()  # owned segments there that are no longer configured
    preview: tuple[str, ...] = ()  # masked lines of a dry run

    @property
    def held(self) -> tuple[SegmentReport, ...]:
        """The segments that wait for an approval."""
        return tuple(segment for segment in self.segments if segment.held)

    @property
    def is_complete(self) -> bool:
        """True when nothing was held, failed or is unknown."""
        bad = any(s.held or s.failed or s.unknown for s in self.segments)
        return self.status in ("pushed", "dry_run") and not bad and not self.failures
