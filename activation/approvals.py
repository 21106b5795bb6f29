"""Approvals: a person lets exactly one plan pass its brakes, once, before it expires.

Data flow: held plan -> `offer` (hash, expiry) -> person: `journey push --approve HASH` -> `take`
-> override log. Recorded in the ledger's database.
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from activation import ledger_schema as t
from activation.plan import Plan


@dataclass(frozen=True)
class Offer:
    """What may be approved: a whole plan (`segment` "") or one segment's slice of it."""

    plan_hash: str
    segment: str
    build_version: str


class ApprovalError(ValueError):
    """The hash names no plan that could be approved now; the message says why."""


def offers(plan: Plan, held: Mapping[str, str]) -> list[Offer]:
    """What may be approved when segments are held (segment -> hash): each, or all at once."""
    whole = [Offer(plan.hash, "", plan.build_version)] if held else []
    return [*whole, *(Offer(hash, name, plan.build_version) for name, hash in held.items())]


def released(plan: Plan, approve: str, segment: str, held: Mapping[str, str]) -> list[str]:
    """The held segments an approval lets pass; ApprovalError when the plan is another by now.

    `segment` is what the approved hash was offered for, "" for the whole plan.
    """
    if segment == "" and plan.hash == approve:
        return list(held)
    if segment != "" and held.get(segment) == approve:
        return [segment]
    current = held.get(segment, plan.hash)
    raise ApprovalError(
        f"plan {approve[:12]} is no longer what would be pushed; look at the new one, then "
        f"`journey push --approve {current}`"
    )


def offer(
    db: sa.Connection,
    destination: str,
    offers: Sequence[Offer],
    now: datetime,
    expires_at: datetime,
) -> None:
    """Note what could be approved. An offer that is open keeps its expiry; times are naive UTC."""
    for found in offers:
        key = sa.and_(t.offer.c.plan_hash == found.plan_hash, t.offer.c.destination == destination)
        expired = sa.or_(t.offer.c.expires_at <= now, t.offer.c.used_at.is_not(None))
        db.execute(sa.delete(t.offer).where(key, expired))
        if db.execute(sa.select(t.offer.c.plan_hash).where(key)).first() is None:
            db.execute(
                sa.insert(t.offer).values(
                    plan_hash=found.plan_hash,
                    destination=destination,
                    segment=found.segment,
                    build_version=found.build_version,
                    created_at=now,
                    expires_at=expires_at,
                )
            )


def check(db: sa.Connection, destination: str, plan_hash: str, now: datetime) -> str:
    """The segment an approvable hash names ("" = whole plan); raises ApprovalError."""
    short = plan_hash[:12]
    asked = sa.select(t.offer).where(
        t.offer.c.destination == destination, t.offer.c.plan_hash == plan_hash
    )
    row = db.execute(asked).mappings().first()
    if row is None:
        raise ApprovalError(
            f"no plan {short} was offered for {destination}; use the hash of the last report"
        )
    if row["used_at"] is not None:
        raise ApprovalError(f"plan {short} was approved and pushed already; push again to see")
    if row["expires_at"] <= now:
        raise ApprovalError(
            f"the offer of plan {short} expired at {row['expires_at']:%Y-%m-%d %H:%M} UTC; "
            "make a new dry run and look at it again"
        )
    return str(row["segment"])


def take(
    db: sa.Connection,
    destination: str,
    plan_hash: str,
    overrides: Sequence[tuple[str, str, str]],
    run_id: str,
    now: datetime,
) -> None:
    """Use an approval up and log what it overrode: (segment, guard, message) each."""
    db.execute(
        sa.update(t.offer)
        .where(t.offer.c.destination == destination, t.offer.c.plan_hash == plan_hash)
        .values(used_at=now)
    )
    for segment, guard, message in overrides:
        db.execute(
            sa.insert(t.override_log).values(
                at=now,
                run_id=run_id,
                destination=destination,
                segment=segment,
                guard=guard,
                message=message[:500],
                plan_hash=plan_hash,
                by=_who(),
            )
        )


def _who() -> str:
    try:
        return getpass.getuser()[:100]
    except (KeyError, OSError):  # a container user without a name
        return "unknown"
