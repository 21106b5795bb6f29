"""The ledger: what was meant, sent, answered and is now delivered. Written ahead of every call.

Data flow: Plan -> begin_run (intents) -> mark_sent -> platform -> settle (acknowledged | failed |
unknown | suppressed) -> delivered, contact fingerprints, blocks.

The warehouse can be rebuilt, the ledger can not; losing it degrades to reading the platform back.
Every write is fenced by a lease. It stores keyed hashes only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from activation import approvals
from activation import lease as leases
from activation import ledger_effects as effects
from activation import ledger_schema as t
from activation.address import AddressHasher, read_or_create_key
from activation.approvals import Offer
from activation.ledger_effects import Settlement
from activation.ledger_schema import TRANSITIONS, State
from activation.ledger_view import LedgerRow, LedgerView, ledger_row
from activation.plan import Plan
from connectors.clock import SYSTEM_CLOCK, Clock

_BATCH = 500  # ids per statement, below every database's limit of bound values


class TransitionError(RuntimeError):
    """A row was to go from one state to another that may not follow it: a programming error."""


class Ledger(LedgerView):
    """The ledger of all destinations. `url` is a file (SQLite) or an SQLAlchemy URL.

    `key_file` holds the secret of the address hashes; beside an SQLite file it is by default
    state/ledger.key in the same folder, for any other database it has to be given.
    """

    def __init__(
        self, url: str | Path, key_file: Path | None = None, *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        if isinstance(url, Path):
            url.parent.mkdir(parents=True, exist_ok=True)
            url = f"sqlite:///{url}"
        if key_file is None:
            key_file = _key_beside(url)
        super().__init__(sa.create_engine(url, **_engine_options(url)), clock)
        self.hasher = AddressHasher(read_or_create_key(key_file))
        t.metadata.create_all(self._engine)
        database = sa.make_url(url).database
        if url.startswith("sqlite") and database:
            Path(database).chmod(0o600)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- one writer -------------------------------------------------------------------------

    @contextmanager
    def lease(
        self, destination: str, run_id: str, ttl: timedelta = leases.DEFAULT_TTL
    ) -> Iterator[leases.Lease]:
        """Hold the destination for a block; raises AlreadyPushing naming the run that has it."""
        with self._engine.begin() as db:
            held = leases.acquire(db, destination, run_id, self._now(), ttl)
        try:
            yield held
        finally:
            with self._engine.begin() as db:
                leases.release(db, held)

    @contextmanager
    def _write(self, lease: leases.Lease) -> Iterator[sa.Connection]:
        with self._engine.begin() as db:
            leases.fence(db, lease, self._now())
            yield db

    # --- the life of a row ------------------------------------------------------------------

    def begin_run(self, lease: leases.Lease, plan: Plan) -> list[LedgerRow]:
        """Write the intents of a plan, before anything is sent; earlier open runs are closed.

        Intents that an earlier run never sent are superseded by this plan.
        """
        now = self._now()
        with self._write(lease) as db:
            mine = t.push_row.c.destination == lease.destination
            db.execute(
                sa.update(t.push_row)
                .where(mine, t.push_row.c.state == "intent")
                .values(state="superseded", outcome="later_plan", updated_at=now)
            )
            db.execute(
                sa.update(t.push_run)
                .where(
                    t.push_run.c.destination == lease.destination,
                    t.push_run.c.status == "running",
                )
                .values(status="crashed", finished_at=now)
            )
            run = {
                "run_id": lease.run_id,
                "destination": lease.destination,
                "token": lease.token,
                "plan_hash": plan.hash,
                "build_version": plan.build_version,
                "as_of": plan.as_of,
                "status": "running",
                "started_at": now,
            }
            db.execute(sa.insert(t.push_run), [run])
            if plan.rows:
                db.execute(
                    sa.insert(t.push_row),
                    [effects.intent_row(row, lease, now) for row in plan.rows],
                )
            found = db.execute(
                sa.select(t.push_row)
                .where(mine, t.push_row.c.run_id == lease.run_id, t.push_row.c.state == "intent")
                .order_by(t.push_row.c.id)
            )
            return [ledger_row(row) for row in found.mappings()]

    def mark_sent(self, lease: leases.Lease, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
        """Note that the rows are about to be sent; returns them in their new state."""
        with self._write(lease) as db:
            self._move(db, [row.id for row in rows], "sent", "")
        return [LedgerRow(row.id, row.run_id, row.row, "sent") for row in rows]

    def mark_unknown(self, lease: leases.Lease, rows: Sequence[LedgerRow]) -> None:
        """Note that the answer to these sent rows was lost."""
        with self._write(lease) as db:
            self._move(db, [row.id for row in rows], "unknown", "no_answer")

    def settle(
        self,
        lease: leases.Lease,
        settlements: Sequence[Settlement],
        *,
        quarantine: timedelta = timedelta(days=30),
    ) -> None:
        """Write outcomes with all that follows from them, in one transaction.

        An acknowledged add or remove changes `delivered`, an acknowledged create or update commits
        its fingerprint; nothing else does. `quarantine` is how long a refused address rests.
        """
        groups: dict[tuple[State, str], list[int]] = {}
        for settlement in settlements:
            key = (settlement.state, settlement.outcome)
            groups.setdefault(key, []).append(settlement.row.id)
        with self._write(lease) as db:
            for (state, outcome), ids in groups.items():
                self._move(db, ids, state, outcome)
            for settlement in settlements:
                if settlement.state == "acknowledged":
                    effects.commit(db, lease, settlement.row, self._now())
                if settlement.block:
                    effects.put_block(db, lease, settlement, self._now(), quarantine)

    def finish_run(self, lease: leases.Lease) -> None:
        with self._write(lease) as db:
            db.execute(
                sa.update(t.push_run)
                .where(
                    t.push_run.c.run_id == lease.run_id,
                    t.push_run.c.destination == lease.destination,
                )
                .values(status="finished", finished_at=self._now())
            )

    def _move(self, db: sa.Connection, ids: Sequence[int], to: State, outcome: str) -> None:
        sources = [state for state, allowed in TRANSITIONS.items() if to in allowed]
        moved = 0
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            done = db.execute(
                sa.update(t.push_row)
                .where(t.push_row.c.id.in_(part), t.push_row.c.state.in_(sources))
                .values(state=to, outcome=outcome[:100], updated_at=self._now())
            )
            moved += done.rowcount
        if moved != len(set(ids)):
            raise TransitionError(f"{len(set(ids)) - moved} rows may not become '{to}' now")

    # --- approvals --------------------------------------------------------------------------

    def offer(self, destination: str, offers: Sequence[Offer], valid: timedelta) -> None:
        """Note which hashes may be approved, and until when."""
        now = self._now()
        with self._engine.begin() as db:
            approvals.offer(db, destination, offers, now, now + valid)

    def use_approval(
        self, lease: leases.Lease, plan_hash: str, overrides: Sequence[tuple[str, str, str]]
    ) -> None:
        """Use an approval up; logs each (segment, guard, message) it overrode."""
        with self._write(lease) as db:
            approvals.take(db, lease.destination, plan_hash, overrides, lease.run_id, self._now())

    def remember_arms(
        self, lease: leases.Lease, arms: Mapping[tuple[str, str], str], share: float, on: date
    ) -> None:
        """Note who is held out of which segment, and who is not: (segment, member key) -> arm."""
        rows = [
            {
                "segment": segment,
                "member_key": member_key,
                "arm": arm,
                "share": share,
                "drawn_on": on,
                "run_id": lease.run_id,
            }
            for (segment, member_key), arm in arms.items()
        ]
        with self._write(lease) as db:
            if rows:
                db.execute(sa.insert(t.holdout), rows)

    # --- memory that follows the platform ---------------------------------------------------

    def follow(
        self,
        lease: leases.Lease,
        *,
        gone: Mapping[str, Collection[str]],
        stands_for: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Forget deliveries that are gone from the platform; note who now stands for an address.

        Both map segment -> address hashes (`stands_for` further to the member key).
        """
        with self._write(lease) as db:
            for segment, addresses in gone.items():
                for address in addresses:
                    effects.delete(
                        db, t.delivered, lease.destination, segment=segment, address=address
                    )
            for segment, members in stands_for.items():
                for address, member_key in members.items():
                    db.execute(
                        sa.update(t.delivered)
                        .where(
                            t.delivered.c.destination == lease.destination,
                            t.delivered.c.segment == segment,
                            t.delivered.c.address == address,
                        )
                        .values(member_key=member_key)
                    )

    def note_left(self, lease: leases.Lease, left: Mapping[str, Collection[str]]) -> None:
        """Remember for good who left by themselves: no longer delivered, and blocked.

        `left` maps segment -> address hashes. Only a newer consent of a person the platform shows
        as subscribed lifts such a block.
        """
        with self._write(lease) as db:
            for segment, addresses in left.items():
                for address in addresses:
                    effects.delete(
                        db, t.delivered, lease.destination, segment=segment, address=address
                    )
                    effects.put_left(db, lease, address, self._now())

    def adopt(self, lease: leases.Lease, held: Mapping[str, Mapping[str, str]]) -> None:
        """Take members of owned segments as delivered: only for a ledger that is new or was lost.

        `held` maps segment -> address hash -> member key ("" where nobody is known).
        """
        now = self._now()
        rows = [
            {
                "destination": lease.destination,
                "segment": segment,
                "address": address,
                "member_key": member_key,
                "run_id": lease.run_id,
                "since": now,
            }
            for segment, members in held.items()
            for address, member_key in members.items()
        ]
        with self._write(lease) as db:
            if rows:
                db.execute(sa.insert(t.delivered), rows)


def _key_beside(url: str) -> Path:
    database = sa.make_url(url).database
    if not url.startswith("sqlite") or not database:
        raise ValueError("a ledger that is no SQLite file needs `key_file`")
    return Path(database).parent / "state" / "ledger.key"


def _engine_options(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        return {"pool_pre_ping": True}
    # A second writer waits for the first one's short transaction instead of failing.
    return {"connect_args": {"timeout": 30}, "poolclass": sa.pool.NullPool}
