"""One push: read back, recover, gate, contact policy, plan, guard, apply, report.

Data flow: published activation.duckdb + platform read-back + ledger -> Plan -> guards -> adapter
-> ledger -> PushReport.

A dry run does all but the writing; the ledger only hears which hashes may be approved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from activation.apply import Applier
from activation.approvals import ApprovalError, offers, released
from activation.channels import reached_by
from activation.consent import GateInputError
from activation.contact_policy import ContactPolicy
from activation.decide import decide
from activation.desired import Desired, desire
from activation.guards import (
    NightFacts,
    SegmentCounts,
    brake_limit,
    judge_night,
    judge_segments,
)
from activation.lease import Lease
from activation.ledger import Ledger
from activation.plan import Plan, PlanRow, build_plan, urgent_removes
from activation.published import Published, read_published
from activation.readback import ReadBack
from activation.recovery import as_if_recovered, recover, strangers
from activation.report import PushReport
from activation.reporting import write_report
from activation.segments import Segment
from activation.state import PushState
from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import JourneyConnectorError
from connectors.platforms.protocol import PlatformAdapter, PushPolicy


def push(
    activation_db: Path,
    segments: Sequence[Segment],
    adapter: PlatformAdapter,
    ledger: Ledger,
    *,
    policy: PushPolicy | None = None,
    contact_policy: ContactPolicy | None = None,
    dry_run: bool = True,
    approve: str | None = None,
    audited: bool,
    build_version: str,
    as_of: date,
    now: datetime,
    run_id: str,
    clock: Clock = SYSTEM_CLOCK,
) -> PushReport:
    """Bring the platform's owned segments to what the published build says, or show it.

    `segments` are the ones this platform gets. `audited` comes from the published manifest; False
    pushes nothing. `now` is the organisation's moment (UTC), against which the age of `as_of` is
    judged. `approve` is a hash from an earlier report: it lets exactly that plan (or that
    segment's slice) pass its brakes, once, until it expires. Raises AlreadyPushing when another
    run writes to the destination; everything else that stops a push is in the report.
    """
    state = PushState(
        adapter=adapter,
        run_id=ledger.new_run_id(adapter.destination, run_id),
        build_version=build_version,
        as_of=as_of,
        dry_run=dry_run,
        started_at=clock.now(),
        segments=[segment.id for segment in segments],
    )
    runner = _Push(
        state,
        ledger,
        policy or PushPolicy(),
        contact_policy or ContactPolicy(),
        {segment.id: segment for segment in segments},
        ReadBack(adapter, ledger.hasher, clock=clock),
        audited,
        now,
    )
    with nullcontext() if dry_run else ledger.lease(adapter.destination, state.run_id) as lease:
        runner.run(activation_db, lease, approve)
    return write_report(state, ledger, clock.now())


@dataclass
class _Push:
    state: PushState
    ledger: Ledger
    policy: PushPolicy
    limits: ContactPolicy
    segments: Mapping[str, Segment]
    platform: ReadBack
    audited: bool
    now: datetime
    left: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def run(self, activation_db: Path, lease: Lease | None, approve: str | None) -> None:
        """Every step, ending early with `state.blocked` when nothing may be pushed."""
        destination = self.state.adapter.destination
        try:
            published = reached_by(read_published(activation_db), self.platform.channel)
        except GateInputError as error:
            self.state.blocked = str(error)
            return
        try:
            self.platform.read(self.state.segments)
        except JourneyConnectorError as error:
            verdict = judge_night(self._facts(published, None), self.policy)
            self.state.blocked = f"{verdict.message} ({error})"
            return
        self.state.retired = self.platform.retired
        delivered = self._without_left(self._recover(lease), lease)
        if not self._may_push(published, delivered):
            return
        desired = self._desire(published, delivered, lease)
        if desired is None:
            return
        self.state.desired = desired
        self.state.plan = self._plan(desired, self.state.segments)
        self._judge(desired)
        if approve is not None and not self._release(approve, lease):
            return
        self.state.going = self._going(desired)
        if lease is not None:
            self._apply(lease, desired, self.state.going)
        valid = timedelta(hours=self.policy.approval_hours)
        self.ledger.offer(destination, offers(self.state.whole_plan(), self.state.offered), valid)

    def _recover(self, lease: Lease | None) -> Mapping[str, Mapping[str, str]]:
        """Close open rows by what the platform holds; returns what is delivered then."""
        destination = self.state.adapter.destination
        if lease is not None:
            self.state.recovered = recover(self.ledger, lease, self.platform)
            if self.ledger.is_new(destination):
                known = self.ledger.delivered(destination)
                self.ledger.adopt(lease, strangers(known, self.platform))
            return self.ledger.delivered(destination)
        return as_if_recovered(self.ledger, destination, self.platform)

    def _without_left(
        self, delivered: Mapping[str, Mapping[str, str]], lease: Lease | None
    ) -> Mapping[str, Mapping[str, str]]:
        """`delivered` without people who left by themselves; they are remembered first of all."""
        self.left = self.platform.left(delivered)
        if self.left and lease is not None:
            self.ledger.note_left(lease, self.left)
        return {
            segment: {a: key for a, key in members.items() if a not in self.left.get(segment, ())}
            for segment, members in delivered.items()
        }

    def _facts(self, published: Published, delivered: int | None) -> NightFacts:
        return NightFacts(
            audited=self.audited,
            as_of=self.state.as_of,
            now=self.now,
            contacts=len(published.contacts),
            candidates=len(published.only(self.segments)),
            delivered=delivered or 0,
            readback_age=self.platform.age(),
        )

    def _may_push(self, published: Published, delivered: Mapping[str, Mapping[str, str]]) -> bool:
        members = sum(len(delivered.get(segment, {})) for segment in self.state.segments)
        verdict = judge_night(self._facts(published, members), self.policy)
        self.state.blocked = verdict.message
        return verdict.allowed

    def _desire(
        self,
        published: Published,
        delivered: Mapping[str, Mapping[str, str]],
        lease: Lease | None,
    ) -> Desired | None:
        """What every segment should hold; None when the gate refuses."""
        try:
            decided = decide(
                published,
                delivered,
                self.segments,
                self.limits,
                self.platform,
                self.ledger,
                self.state.as_of,
                self.left,
                lease,
            )
        except GateInputError as error:
            self.state.blocked = str(error)
            return None
        return desire(
            decided,
            published.contacts,
            self.state.segments,
            self.platform,
            delivered,
            self.state.adapter,
            self.ledger.hasher,
        )

    def _plan(self, desired: Desired, segments: Sequence[str]) -> Plan:
        created = self.state.started_at
        return build_plan(
            {segment: desired.states[segment] for segment in segments},
            desired.payloads,
            self.platform.addresses(),
            self.ledger.fingerprints(self.state.adapter.destination),
            destination=self.state.adapter.destination,
            build_version=self.state.build_version,
            as_of=self.state.as_of,
            created_at=created,
            expires_at=created + timedelta(hours=self.policy.approval_hours),
            update_fields=self.policy.update_fields,
        )

    def _judge(self, desired: Desired) -> None:
        plan = self.state.whole_plan()
        pushed = self.ledger.segments_pushed(self.state.adapter.destination)
        counts = {
            segment: SegmentCounts(
                before=state.before,
                after=len(state.desired),
                adds=len(plan.of("add", segment)),
                removes=len(plan.of("remove", segment)),
                is_first=segment not in pushed,
                is_unremembered=self.platform.forgets_leavers
                and segment not in pushed
                and bool(self.platform.held.get(segment)),
            )
            for segment, state in desired.states.items()
        }
        self.state.urgent = {
            segment: urgent_removes(plan, segment, brake_limit(found.before, self.policy))
            for segment, found in counts.items()
        }
        hashes = {
            segment: plan.slice_hash(segment, urgent)
            for segment, urgent in self.state.urgent.items()
        }
        self.state.verdicts = judge_segments(counts, self.policy, hashes)
        self.state.offered = {
            segment: hashes[segment]
            for segment, verdict in self.state.verdicts.items()
            if not verdict.allowed
        }

    def _release(self, approve: str, lease: Lease | None) -> bool:
        """Take approved segments out of the held ones; False (and `blocked`) when none fits."""
        state = self.state
        try:
            segment = self.ledger.approvable(state.adapter.destination, approve)
            approved = released(state.whole_plan(), approve, segment, state.offered)
        except ApprovalError as error:
            state.blocked = str(error)
            return False
        overridden = [
            (name, state.verdicts[name].guard, state.verdicts[name].message) for name in approved
        ]
        if lease is not None:
            self.ledger.use_approval(lease, approve, overridden)
        state.offered = {n: hash for n, hash in state.offered.items() if n not in approved}
        return True

    def _going(self, desired: Desired) -> Plan:
        """What may go now: segments that are not held, and urgent removes of those that are."""
        held = self.state.offered
        plan = self._plan(desired, [name for name in self.state.segments if name not in held])
        urgent = [row for name in held for row in self.state.urgent[name]]
        rows = tuple(sorted([*plan.rows, *urgent], key=PlanRow.sort_key))
        return replace(plan, rows=rows)

    def _apply(self, lease: Lease, desired: Desired, going: Plan) -> None:
        self.ledger.follow(
            lease,
            gone={
                name: self.platform.surely_gone(state.vanished)
                for name, state in desired.states.items()
            },
            stands_for={
                name: {
                    address: member_key
                    for address, member_key in state.desired.items()
                    if state.delivered.get(address, member_key) != member_key
                }
                for name, state in desired.states.items()
            },
        )
        rows = self.ledger.begin_run(lease, going)
        applier = Applier(
            adapter=self.state.adapter,
            ledger=self.ledger,
            lease=lease,
            platform=self.platform,
            payloads=desired.payloads,
            quarantine=timedelta(days=self.policy.quarantine_days),
        )
        applier.apply(rows)
        self.state.stopped = applier.stopped
        with suppress(JourneyConnectorError):
            # A lost answer is often cleared up at once; what is not stays unknown until the next
            # push, because the platform may still be working on it.
            self.platform.refresh()
            self.platform.read_members(self.state.segments)
            recover(self.ledger, lease, self.platform, only_done=True)
        self.ledger.finish_run(lease)
