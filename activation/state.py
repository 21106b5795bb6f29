"""All that one push knows, filled step by step; the report is written from it.

Data flow: push steps -> PushState -> reporting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from activation.desired import Desired
from activation.guards import Verdict
from activation.plan import Plan, PlanRow
from connectors.platforms.protocol import PlatformAdapter


@dataclass
class PushState:
    """One push to one destination; `segments` are the configured ids."""

    adapter: PlatformAdapter
    run_id: str
    build_version: str
    as_of: date
    dry_run: bool
    started_at: datetime
    segments: Sequence[str]
    desired: Desired | None = None
    plan: Plan | None = None  # everything that differs
    going: Plan | None = None  # the part that may be pushed
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    urgent: Mapping[str, frozenset[PlanRow]] = field(default_factory=dict)
    offered: Mapping[str, str] = field(default_factory=dict)  # held segment -> hash
    blocked: str = ""
    stopped: str = ""
    recovered: Mapping[str, int] = field(default_factory=dict)
    retired: tuple[str, ...] = ()

    def whole_plan(self) -> Plan:
        """The plan; asking before there is one is a programming error."""
        if self.plan is None:
            raise RuntimeError("there is no plan yet")
        return self.plan
