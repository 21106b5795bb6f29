"""One writer per destination: a lease with a fencing token.

Data flow: push -> `acquire` -> Lease -> every ledger write checks its token -> `release`.

A lease ends when it is released, when it expires, or at once when its process on this machine is
gone. Its token then never writes again: a writer that was only asleep meets LeaseLostError.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from activation import ledger_schema as t
from connectors.errors import AlreadyRunning, JourneyConnectorError

DEFAULT_TTL = timedelta(minutes=15)


class AlreadyPushing(AlreadyRunning):
    """Another run writes to this destination; `holder` is its run id."""


class LeaseLostError(JourneyConnectorError):
    """This run's lease was taken over: it must not write any more."""


@dataclass(frozen=True)
class Lease:
    """The right to write to one destination."""

    destination: str
    run_id: str
    token: int
    ttl: timedelta = DEFAULT_TTL


def acquire(
    db: sa.Connection, destination: str, run_id: str, now: datetime, ttl: timedelta
) -> Lease:
    """Take the lease inside the caller's transaction; raises AlreadyPushing. `now` is naive UTC."""
    where = t.lease.c.destination == destination
    # Writing first takes the database's write lock, so that two runs can not both read "free".
    touched = db.execute(sa.update(t.lease).where(where).values(token=t.lease.c.token))
    if touched.rowcount == 0:
        db.execute(sa.insert(t.lease).values(destination=destination, token=0))
    row = db.execute(sa.select(t.lease).where(where)).mappings().one()
    if row["run_id"] and row["expires_at"] > now and not _is_dead(row["process"]):
        raise AlreadyPushing(
            f"already running: run {row['run_id']} has been pushing to {destination} since "
            f"{row['acquired_at']:%Y-%m-%d %H:%M} UTC.",
            holder=str(row["run_id"]),
            todo="Wait for it to end.",
        )
    token = int(row["token"]) + 1
    db.execute(
        sa.update(t.lease)
        .where(where)
        .values(
            token=token,
            run_id=run_id,
            process=process_mark(),
            acquired_at=now,
            expires_at=now + ttl,
        )
    )
    return Lease(destination, run_id, token, ttl)


def fence(db: sa.Connection, lease: Lease, now: datetime) -> None:
    """Prolong the lease, or raise LeaseLostError; the first statement of every write."""
    held = db.execute(
        sa.update(t.lease)
        .where(
            t.lease.c.destination == lease.destination,
            t.lease.c.token == lease.token,
            t.lease.c.run_id == lease.run_id,
        )
        .values(expires_at=now + lease.ttl)
    )
    if held.rowcount != 1:
        raise LeaseLostError(
            f"run {lease.run_id} lost its lease on {lease.destination} to a later run.",
            todo="Nothing to do: the later run has taken over.",
        )


def release(db: sa.Connection, lease: Lease) -> None:
    """Give the lease back; does nothing when a later run has it."""
    db.execute(
        sa.update(t.lease)
        .where(t.lease.c.destination == lease.destination, t.lease.c.token == lease.token)
        .values(run_id=None, process=None, expires_at=None)
    )


def process_mark() -> str:
    """This process as host:pid:start; the start tells a reused pid from the old process."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def _is_dead(mark: str | None) -> bool:
    """True only when the process was on this machine and is surely gone."""
    host, _, rest = (mark or "").rpartition(":")[0].partition(":")
    started = (mark or "").rpartition(":")[2]
    if host != socket.gethostname() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return started != _started(int(rest))


def _started(pid: int) -> str:
    """Start time in clock ticks since boot, "" where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    # The command name may hold spaces and brackets; the fields after the last one are fixed.
    return stat.rpartition(")")[2].split()[19]
