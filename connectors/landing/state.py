"""Where each stream stands: the marks that the loader stored with the rows they stand for.

Data flow: raw.duckdb `_journey.sync_state` -> SyncStates -> engine (as a snapshot, read once).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from connectors.errors import AlreadyRunning


@dataclass(frozen=True)
class SyncState:
    """One stream's state. Times are UTC, aware; `mark` is what the engine or source wrote."""

    source: str
    stream: str
    mark: str | None
    batch_id: str
    loaded_at: datetime
    full_at: datetime | None = None
    reconciled_at: datetime | None = None


class SyncStates:
    """A snapshot of all states, taken at the first use; it holds no connection."""

    def __init__(self, raw_path: Path) -> None:
        self.raw_path = Path(raw_path)
        self._states: dict[tuple[str, str], SyncState] | None = None

    def get(self, source: str, stream: str) -> SyncState | None:
        """The stream's state, or None before its first load."""
        if self._states is None:
            self._states = read_states(self.raw_path)
        return self._states.get((source, stream))

    def refresh(self) -> None:
        """Read again at the next use, after a load."""
        self._states = None


def read_states(raw_path: Path, *, patience: float = 10.0) -> dict[tuple[str, str], SyncState]:
    """(source, stream) -> state; {} when nothing was ever loaded.

    A loader in another process shuts readers out for as long as it holds the file: this waits up to
    `patience` seconds for it, then raises AlreadyRunning.
    """
    if not Path(raw_path).exists():
        return {}
    connection = connect_to_read(Path(raw_path), patience=patience)
    try:
        known = connection.execute(
            "select 1 from information_schema.tables"
            " where table_schema = '_journey' and table_name = 'sync_state'"
        ).fetchone()
        if known is None:
            return {}
        rows = connection.execute(
            "select source, stream, mark, batch_id, loaded_at, full_at, reconciled_at"
            " from _journey.sync_state"
        ).fetchall()
    finally:
        connection.close()
    return {
        (row[0], row[1]): SyncState(
            row[0], row[1], row[2], row[3], _aware(row[4]), _or_none(row[5]), _or_none(row[6])
        )
        for row in rows
    }


def connect_to_read(path: Path, *, patience: float = 10.0) -> duckdb.DuckDBPyConnection:
    """A read-only connection, or one that shares the writer of this very process."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return duckdb.connect(str(path), read_only=True)
        except duckdb.ConnectionException:
            # This process writes the file already: share its instance.
            return duckdb.connect(str(path))
        except duckdb.IOException as error:
            if time.monotonic() > deadline:
                raise AlreadyRunning(
                    f"another process is writing {path.name}.",
                    todo="Wait until it has finished, then run again.",
                ) from error
            time.sleep(0.1)


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _or_none(value: datetime | None) -> datetime | None:
    return _aware(value) if value else None
