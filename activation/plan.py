"""The plan: what has to change on the platform so that its segments are what the build says.

Data flow: desired (after the gate) + held (read from the platform) + delivered (ledger)
-> `build_plan` -> Plan: immutable rows, removals first, with a reason each and a hash over all.

Pure: the same input gives the same plan and hash. A plan holds keyed hashes, no addresses; those
travel beside it in `Payload`s, in memory only.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from connectors.platforms.protocol import ConsentProof

Op = Literal["remove", "create_contact", "update_contact", "add"]
# The order of work: who leaves goes first, and nobody is added before the contact exists.
OP_ORDER: tuple[Op, ...] = ("remove", "create_contact", "update_contact", "add")
SHOWN_PER_GROUP = 5
_ORDINARY_REMOVES = ("left_segment", "address_changed")

Members = Mapping[str, str]  # address hash -> member key


@dataclass(frozen=True)
class Payload:
    """What is sent for one address. Never stored, never shown."""

    email: str = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    fingerprint: str = ""
    proof: ConsentProof | None = None


@dataclass(frozen=True)
class PlanRow:
    """One thing to do. `segment` is "" for rows about the contact itself."""

    op: Op
    segment: str
    member_key: str
    address: str  # keyed hash
    reason: str
    fingerprint: str = ""  # of the fields, for create_contact and update_contact

    def sort_key(self) -> tuple[int, str, str, str]:
        return OP_ORDER.index(self.op), self.segment, self.member_key, self.address

    def as_list(self) -> list[str]:
        return [self.op, self.segment, self.member_key, self.address, self.reason, self.fingerprint]


@dataclass(frozen=True)
class Plan:
    """An immutable plan for one destination, valid until `expires_at`."""

    destination: str
    build_version: str
    as_of: date
    created_at: datetime
    expires_at: datetime
    rows: tuple[PlanRow, ...]

    def canonical(self) -> str:
        """The plan's content as canonical JSON; when it was made is not part of it."""
        return _canonical(self.destination, self.build_version, self.as_of, self.rows)

    @property
    def hash(self) -> str:
        """SHA-256 of the content: an approval names it and so allows nothing else."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def slice_hash(self, segment: str, without: Collection[PlanRow] = ()) -> str:
        """The hash of one segment's adds and removes: what a held segment's approval names."""
        rows = tuple(row for row in self.rows if row.segment == segment and row not in without)
        text = _canonical(self.destination, self.build_version, self.as_of, rows)
        return hashlib.sha256(f"{segment}\n{text}".encode()).hexdigest()

    def of(self, op: Op, segment: str | None = None) -> tuple[PlanRow, ...]:
        """The rows of one kind, of one segment if given."""
        return tuple(row for row in self.rows if row.op == op and segment in (None, row.segment))

    def counts(self) -> dict[str, dict[str, int]]:
        """segment ("" = contacts) -> op -> rows."""
        found: dict[str, dict[str, int]] = {}
        for (segment, op), number in sorted(Counter((r.segment, r.op) for r in self.rows).items()):
            found.setdefault(segment, {})[op] = number
        return found

    def preview(self, masked: Mapping[str, str], *, per_group: int = SHOWN_PER_GROUP) -> list[str]:
        """Lines for an operator: counts per segment and a few masked rows. No addresses.

        `masked` maps address hashes to masked addresses.
        """
        lines = [f"plan {self.hash[:12]} for {self.destination}, build {self.build_version}"]
        for segment, ops in self.counts().items():
            shown = ", ".join(f"{op} {number}" for op, number in ops.items())
            lines.append(f"{segment or 'contacts'}: {shown}")
            for op in ops:
                rows = self.of(_op(op), segment)
                for row in rows[:per_group]:
                    who = masked.get(row.address, "(address only on the platform)")
                    lines.append(f"  {op:<15} {row.member_key[:12]:<12} {who:<20} {row.reason}")
                if len(rows) > per_group:
                    lines.append(f"  {op:<15} ... and {len(rows) - per_group} more")
        return lines


@dataclass(frozen=True)
class SegmentState:
    """One segment's members by address hash: who should be in it, who is, whom we put there.

    `held` maps to "" where the ledger does not know the person. `why_not` gives the gate's reason
    for people who are candidates but may not be contacted, by member key.
    """

    desired: Members
    held: Collection[str]
    delivered: Members
    why_not: Mapping[str, str] = field(default_factory=dict)

    @property
    def before(self) -> int:
        """Members we put there and who are still there."""
        return len(set(self.delivered) & set(self.held))

    @property
    def foreign(self) -> int:
        """Members on the platform that somebody else added and we would not: left alone."""
        return len(set(self.held) - set(self.delivered) - set(self.desired))

    @property
    def vanished(self) -> frozenset[str]:
        """Delivered once, gone from the platform, not wanted any more: nothing left to do."""
        return frozenset(set(self.delivered) - set(self.held) - set(self.desired))


def membership_rows(segment: str, state: SegmentState) -> list[PlanRow]:
    """The adds and removes of one segment."""
    wanted_members = set(state.desired.values())
    rows = []
    for address, member_key in state.desired.items():
        if address not in state.held:
            reason = "missing_on_platform" if address in state.delivered else "entered"
            rows.append(PlanRow("add", segment, member_key, address, reason))
    for address, member_key in state.delivered.items():
        if address in state.held and address not in state.desired:
            reason = state.why_not.get(member_key, "left_segment")
            if member_key in wanted_members:
                reason = "address_changed"
            rows.append(PlanRow("remove", segment, member_key, address, reason))
    return rows


def contact_rows(
    states: Mapping[str, SegmentState],
    payloads: Mapping[str, Payload],
    on_platform: Mapping[str, str],
    fingerprints: Mapping[str, str],
    *,
    update_fields: bool,
) -> list[PlanRow]:
    """Contacts to create or whose fields changed, for the people wanted in `states`.

    `on_platform`: address hash -> fingerprint of the fields it has there; `fingerprints`: what the
    ledger says was acknowledged. A change made on the platform stays until our own value changes.
    """
    rows = []
    for address, member_key in sorted(people_wanted(states).items()):
        payload = payloads[address]
        if address not in on_platform:
            row = PlanRow(
                "create_contact", "", member_key, address, "not_on_platform", payload.fingerprint
            )
            rows.append(row)
            continue
        last = fingerprints.get(address, on_platform[address])
        if update_fields and payload.fingerprint != last:
            row = PlanRow(
                "update_contact", "", member_key, address, "fields_changed", payload.fingerprint
            )
            rows.append(row)
    return rows


def people_wanted(states: Mapping[str, SegmentState]) -> dict[str, str]:
    """Address hash -> member key over all segments; the lowest key stands for a shared address."""
    wanted: dict[str, str] = {}
    for state in states.values():
        for address, member_key in state.desired.items():
            wanted[address] = min(member_key, wanted.get(address, member_key))
    return wanted


def urgent_removes(plan: Plan, segment: str, limit: float) -> frozenset[PlanRow]:
    """Removes of people who may no longer be contacted: they leave even a held segment.

    Unless they are more than `limit` themselves: then it looks like lost consent data, and waits.
    """
    found = frozenset(
        row for row in plan.of("remove", segment) if row.reason not in _ORDINARY_REMOVES
    )
    return found if len(found) <= limit else frozenset()


def build_plan(
    states: Mapping[str, SegmentState],
    payloads: Mapping[str, Payload],
    on_platform: Mapping[str, str],
    fingerprints: Mapping[str, str],
    *,
    destination: str,
    build_version: str,
    as_of: date,
    created_at: datetime,
    expires_at: datetime,
    update_fields: bool = True,
) -> Plan:
    """The whole plan, sorted: removes, contacts, adds. Empty when nothing has to change."""
    rows = [row for name, state in states.items() for row in membership_rows(name, state)]
    rows += contact_rows(states, payloads, on_platform, fingerprints, update_fields=update_fields)
    ordered = tuple(sorted(rows, key=PlanRow.sort_key))
    return Plan(destination, build_version, as_of, created_at, expires_at, ordered)


def _canonical(destination: str, build_version: str, as_of: date, rows: tuple[PlanRow, ...]) -> str:
    content = {
        "destination": destination,
        "build_version": build_version,
        "as_of": as_of.isoformat(),
        "rows": [row.as_list() for row in rows],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _op(text: str) -> Op:
    return next(op for op in OP_ORDER if op == text)
