"""What follows from an outcome in the ledger: deliveries, fingerprints, blocks.

Data flow: Settlement -> `commit`, `put_block` -> delivered, contact, block (inside the caller's
transaction).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from activation import ledger_schema as t
from activation.lease import Lease
from activation.ledger_schema import State
from activation.ledger_view import LedgerRow
from activation.plan import PlanRow

LEFT = "left_there"  # the reason of a block: they unsubscribed on the platform itself


@dataclass(frozen=True)
class Settlement:
    """What became of a ledger row. `blocks`: kind of block this puts on the address, or ""."""

    row: LedgerRow
    state: State
    outcome: str = ""
    block: str = ""  # compliance, quarantine


def commit(db: sa.Connection, lease: Lease, done: LedgerRow, now: datetime) -> None:
    """An acknowledged row takes effect. `now` is naive UTC."""
    row = done.row
    if row.op in ("add", "remove"):
        delete(db, t.delivered, lease.destination, segment=row.segment, address=row.address)
    if row.op == "add":
        db.execute(
            sa.insert(t.delivered).values(
                destination=lease.destination,
                segment=row.segment,
                address=row.address,
                member_key=row.member_key,
                run_id=done.run_id,
                since=now,
            )
        )
    if row.op in ("create_contact", "update_contact"):
        delete(db, t.contact, lease.destination, address=row.address)
        db.execute(
            sa.insert(t.contact).values(
                destination=lease.destination,
                address=row.address,
                member_key=row.member_key,
                fingerprint=row.fingerprint,
                is_created_here=row.op == "create_contact",
                run_id=done.run_id,
                acknowledged_at=now,
            )
        )


def put_block(
    db: sa.Connection, lease: Lease, settlement: Settlement, now: datetime, rest: timedelta
) -> None:
    """Remember a refusal; a quarantine ends after `rest`. `now` is naive UTC."""
    until = now + rest if settlement.block == "quarantine" else None
    address = settlement.row.row.address
    _block(db, lease, address, settlement.block, settlement.outcome, now, until)


def put_left(db: sa.Connection, lease: Lease, address: str, now: datetime) -> None:
    """Remember that somebody left by themselves. `now` is naive UTC."""
    _block(db, lease, address, "compliance", LEFT, now, None)


def _block(
    db: sa.Connection,
    lease: Lease,
    address: str,
    kind: str,
    reason: str,
    now: datetime,
    until: datetime | None,
) -> None:
    delete(db, t.block, lease.destination, address=address, kind=kind)
    db.execute(
        sa.insert(t.block).values(
            destination=lease.destination,
            address=address,
            kind=kind,
            reason=reason[:100],
            since=now,
            until=until,
            run_id=lease.run_id,
        )
    )


def intent_row(row: PlanRow, lease: Lease, now: datetime) -> dict[str, Any]:
    """A plan row as it is written ahead."""
    return {
        "run_id": lease.run_id,
        "destination": lease.destination,
        "op": row.op,
        "segment": row.segment,
        "member_key": row.member_key,
        "address": row.address,
        "fingerprint": row.fingerprint,
        "reason": row.reason[:100],
        "state": "intent",
        "outcome": "",
        "created_at": now,
        "updated_at": now,
    }


def delete(db: sa.Connection, table: sa.Table, destination: str, **where: str) -> None:
    """Delete the rows of one destination with these values."""
    conditions = [table.c[name] == value for name, value in where.items()]
    db.execute(sa.delete(table).where(table.c.destination == destination, *conditions))
