"""What the ledger knows, read only: open rows, deliveries, blocks, and why a member was written to.

Data flow: ledger tables -> LedgerView -> plan, guards, recovery, `journey why`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from activation import approvals
from activation import ledger_schema as t
from activation.contact_policy import Entry, History
from activation.ledger_schema import OPEN_STATES, State
from activation.plan import PlanRow
from connectors.clock import Clock


@dataclass(frozen=True)
class LedgerRow:
    """One row of a run as the ledger has it."""

    id: int
    run_id: str
    row: PlanRow
    state: State


@dataclass(frozen=True)
class Block:
    """An address not to write to: `kind` compliance (for good) or quarantine (for a time)."""

    address: str
    kind: str
    reason: str
    since: datetime


class LedgerView:
    """The reading half of the ledger; sees what is committed."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def open_rows(self, destination: str) -> list[LedgerRow]:
        """Rows of earlier runs that did not reach an end, in the order they were written."""
        asked = (
            sa.select(t.push_row)
            .where(t.push_row.c.destination == destination, t.push_row.c.state.in_(OPEN_STATES))
            .order_by(t.push_row.c.id)
        )
        return [ledger_row(row) for row in self._read(asked)]

    def rows_of_run(self, destination: str, run_id: str) -> list[tuple[LedgerRow, str]]:
        """All rows of one run with their outcome text."""
        asked = (
            sa.select(t.push_row)
            .where(t.push_row.c.destination == destination, t.push_row.c.run_id == run_id)
            .order_by(t.push_row.c.id)
        )
        return [(ledger_row(row), row["outcome"]) for row in self._read(asked)]

    def delivered(self, destination: str) -> dict[str, dict[str, str]]:
        """segment -> address hash -> member key, as acknowledged."""
        found: dict[str, dict[str, str]] = {}
        asked = sa.select(t.delivered).where(t.delivered.c.destination == destination)
        for row in self._read(asked):
            found.setdefault(row["segment"], {})[row["address"]] = row["member_key"]
        return found

    def fingerprints(self, destination: str) -> dict[str, str]:
        """address hash -> fingerprint of the fields that were acknowledged last."""
        asked = sa.select(t.contact).where(t.contact.c.destination == destination)
        return {row["address"]: row["fingerprint"] for row in self._read(asked)}

    def blocks(self, destination: str) -> list[Block]:
        """Blocks in force now."""
        asked = sa.select(t.block).where(
            t.block.c.destination == destination,
            sa.or_(t.block.c.until.is_(None), t.block.c.until > self._now()),
        )
        return [
            Block(row["address"], row["kind"], row["reason"], row["since"].replace(tzinfo=UTC))
            for row in self._read(asked)
        ]

    def is_new(self, destination: str) -> bool:
        """True when no run to this destination was ever finished: a new or a lost ledger."""
        asked = sa.select(t.push_run.c.run_id).where(
            t.push_run.c.destination == destination, t.push_run.c.status == "finished"
        )
        return not self._read(asked.limit(1))

    def new_run_id(self, destination: str, run_id: str) -> str:
        """`run_id`, or with a number when a run of that id has pushed there before (a rerun)."""
        asked = sa.select(t.push_run.c.run_id).where(t.push_run.c.destination == destination)
        taken = {row["run_id"] for row in self._read(asked)}
        candidate, number = run_id, 1
        while candidate in taken:
            number += 1
            candidate = f"{run_id}-{number}"
        return candidate

    def segments_pushed(self, destination: str) -> set[str]:
        """Segments that have ever had an acknowledged row."""
        asked = (
            sa.select(t.push_row.c.segment)
            .where(t.push_row.c.destination == destination, t.push_row.c.state == "acknowledged")
            .distinct()
        )
        return {row["segment"] for row in self._read(asked)}

    def history(self, destination: str, since: date) -> History:
        """For the contact policy: entries everywhere since that day, exits here, hold-outs."""
        done = (
            sa.select(t.push_row.c.segment, t.push_row.c.member_key, t.push_run.c.as_of)
            .join(
                t.push_run,
                sa.and_(
                    t.push_run.c.run_id == t.push_row.c.run_id,
                    t.push_run.c.destination == t.push_row.c.destination,
                ),
            )
            .where(t.push_row.c.state == "acknowledged")
        )
        entered = done.where(
            t.push_row.c.op == "add",
            t.push_row.c.reason == "entered",
            t.push_run.c.as_of >= since,
        )
        left = done.where(
            t.push_row.c.op == "remove",
            t.push_row.c.reason == "left_segment",
            t.push_row.c.destination == destination,
        ).order_by(t.push_run.c.as_of)
        return History(
            entered=[
                Entry(row["segment"], row["member_key"], row["as_of"])
                for row in self._read(entered)
            ],
            left={(row["segment"], row["member_key"]): row["as_of"] for row in self._read(left)},
            arms={
                (row["segment"], row["member_key"]): row["arm"]
                for row in self._read(sa.select(t.holdout))
            },
        )

    def why(self, member_key: str) -> list[dict[str, Any]]:
        """All that was ever done for one member, newest first; no addresses."""
        asked = (
            sa.select(t.push_row, t.push_run.c.build_version, t.push_run.c.as_of)
            .join(
                t.push_run,
                sa.and_(
                    t.push_run.c.run_id == t.push_row.c.run_id,
                    t.push_run.c.destination == t.push_row.c.destination,
                ),
            )
            .where(t.push_row.c.member_key == member_key)
            .order_by(t.push_row.c.id.desc())
        )
        shown = (
            "updated_at", "destination", "segment", "op", "reason", "state", "outcome",
            "run_id", "build_version", "as_of",
        )  # fmt: skip
        return [{name: row[name] for name in shown} for row in self._read(asked)]

    def approvable(self, destination: str, plan_hash: str) -> str:
        """The segment an offered hash names ("" = whole plan); raises ApprovalError."""
        with self._engine.connect() as db:
            return approvals.check(db, destination, plan_hash, self._now())

    def overrides(self, destination: str) -> list[dict[str, Any]]:
        """Every guard that was overridden by an approval, oldest first."""
        asked = sa.select(t.override_log).where(t.override_log.c.destination == destination)
        return [dict(row) for row in self._read(asked.order_by(t.override_log.c.id))]

    def _read(self, asked: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        with self._engine.connect() as db:
            return db.execute(asked).mappings().all()

    def _now(self) -> datetime:
        return self._clock.now().astimezone(UTC).replace(tzinfo=None)


def ledger_row(row: sa.RowMapping) -> LedgerRow:
    plan_row = PlanRow(
        row["op"],
        row["segment"],
        row["member_key"],
        row["address"],
        row["reason"],
        row["fingerprint"],
    )
    return LedgerRow(row["id"], row["run_id"], plan_row, row["state"])
