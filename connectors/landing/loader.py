"""Loads complete landed batches into the raw database: all of a batch, or nothing of it.

Data flow: landing batch -> stage (typed, deduplicated, quarantine) -> merge -> raw + sync state.

Rows, quarantine, sync state and the batch's own line are one transaction: a cursor never advances
without its rows, and a batch that was loaded before is recognised and left alone. The loader is the
only writer of the file and holds a lock that names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import ContractError, JourneyConnectorError, SourceError
from connectors.landing import drift
from connectors.landing.mapped import ensure_views
from connectors.landing.receipt import LoadReceipt, receipt_of
from connectors.landing.schema import ensure_streams, prepare
from connectors.landing.store import Batch, Header, Landing
from connectors.landing.whole import BatchMerge
from connectors.locks import Lock
from connectors.protocol import StreamSpec

__all__ = ["LoadReceipt", "Loader", "connect_to_write"]

MEMORY = "256MB"  # for the database engine; loading 2,000,000 rows needs no more


class Loader:
    """The one writer of `raw_path`. `lock_timeout`: seconds to wait for another writer."""

    def __init__(
        self, raw_path: Path, *, clock: Clock = SYSTEM_CLOCK, lock_timeout: float = 0.0
    ) -> None:
        self.raw_path = Path(raw_path)
        self._clock, self._lock_timeout = clock, lock_timeout

    def ensure(self, source_name: str, specs: Sequence[StreamSpec]) -> None:
        """Create the source's tables, empty and typed."""
        with self._connection() as db:
            ensure_streams(db, source_name, specs)

    def ensure_all(
        self,
        tables: Mapping[str, Sequence[StreamSpec]],
        entities: Sequence[StreamSpec],
        mapped: Sequence[str],
    ) -> None:
        """Create every source's tables and a view per entity over the sources `mapped`.

        Everything downstream compiles on them, whatever was read so far.
        """
        with self._connection() as db:
            for source_name, specs in tables.items():
                ensure_streams(db, source_name, specs)
            ensure_views(db, entities, mapped)

    def load(
        self,
        landing: Landing,
        source_name: str,
        specs: Sequence[StreamSpec],
        batch_id: str,
        *,
        replay: bool = False,
    ) -> LoadReceipt:
        """Merge one complete batch; `replay` merges it again although it was loaded before.

        Raises ContractError (too many bad rows, a renamed key) with nothing changed: the batch is
        set aside, and the stream will be read again from its old mark.
        """
        batch = landing.open(source_name, batch_id)
        with self._connection() as db:
            stored = self._stored(db, source_name, batch_id)
            if stored is not None and not replay:
                return stored
            try:
                batch.verify()
                if not replay:
                    self._check_chain(db, batch)
                ensure_streams(db, source_name, specs)
                family = _family(specs, batch.header)
                try:
                    return self._load(db, batch, family, replay)
                except duckdb.OutOfMemoryException:  # pages of huge records
                    db.execute("reset memory_limit")
                    return self._load(db, batch, family, replay)
            except (ContractError, SourceError) as error:
                if not replay:
                    batch.reject(error.message)
                raise error.within(source_name, batch.header.stream) from error.__cause__

    def load_pending(
        self, landing: Landing, source_name: str, specs: Sequence[StreamSpec]
    ) -> list[LoadReceipt | JourneyConnectorError]:
        """Load every complete batch not loaded yet, oldest first; errors stand in for receipts."""
        with self._connection() as db:
            loaded = self._loaded(db, source_name)
        results: list[LoadReceipt | JourneyConnectorError] = []
        for batch in landing.batches(source_name):
            if batch.batch_id in loaded or batch.rejected:
                continue
            try:
                results.append(self.load(landing, source_name, specs, batch.batch_id))
            except JourneyConnectorError as error:
                results.append(error)
        return results

    def loaded(self, source_name: str) -> set[str]:
        """Ids of the source's batches that were loaded, for pruning landing."""
        with self._connection() as db:
            return self._loaded(db, source_name)

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self.raw_path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(
            self.raw_path.with_name(self.raw_path.name + ".lock"),
            f"loading into {self.raw_path.name}",
            timeout=self._lock_timeout,
        )
        with lock:
            db = connect_to_write(self.raw_path)
            try:
                db.execute("set enable_progress_bar = false")  # stdout may be a program's
                db.execute("set timezone = 'UTC'")
                db.execute("set preserve_insertion_order = false")
                # A larger batch spills to disk beside the file instead of growing with its size.
                db.execute(f"set memory_limit = '{MEMORY}'")
                prepare(db)
                yield db
            finally:
                db.close()

    def _load(
        self,
        db: duckdb.DuckDBPyConnection,
        batch: Batch,
        family: Sequence[StreamSpec],
        replay: bool,
    ) -> LoadReceipt:
        completion = batch.completion
        if completion is None:
            raise SourceError(f"batch {batch.batch_id} is not complete.")
        known_at, now = _naive(completion.known_at), _naive(self._clock.now())
        db.execute("begin transaction")
        try:
            # A replay brings the same rows again; their earlier entries give way.
            db.execute(
                "delete from _journey.quarantine where source = ? and batch_id = ?",
                [batch.header.source, batch.batch_id],
            )
            done = BatchMerge(db, batch, family, known_at, now).run()
            for spec in family:
                drift.record(db, batch, spec, done.found[spec.name], now)
            receipt = receipt_of(batch, done.found, done.changes, done.warnings)
            self._record(db, batch, receipt, known_at, now, replay)
            db.execute("commit")
        except BaseException:
            db.execute("rollback")
            raise
        return receipt

    def _record(
        self,
        db: duckdb.DuckDBPyConnection,
        batch: Batch,
        receipt: LoadReceipt,
        known_at: datetime,
        now: datetime,
        replay: bool,
    ) -> None:
        header, mark = batch.header, receipt.mark
        db.execute(
            "insert or replace into _journey.batch values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(header.source, header.stream, batch.batch_id, now, known_at, header.mark, mark),
                json.dumps(asdict(receipt)),
            ],
        )
        if replay:
            return
        reconciled = known_at if batch.completion and batch.completion.reconciled else None
        if header.explicit:
            db.execute(
                "update _journey.sync_state set reconciled_at = coalesce(?, reconciled_at)"
                " where source = ? and stream = ?",
                [reconciled, header.source, header.stream],
            )
            return
        db.execute(
            "insert into _journey.sync_state values (?, ?, ?, ?, ?, ?, ?) on conflict do update set"
            " mark = coalesce(excluded.mark, mark), batch_id = excluded.batch_id,"
            " loaded_at = excluded.loaded_at, full_at = coalesce(excluded.full_at, full_at),"
            " reconciled_at = coalesce(excluded.reconciled_at, reconciled_at)",
            [
                *(header.source, header.stream, mark, batch.batch_id, now),
                *(known_at if header.full else None, reconciled),
            ],
        )

    def _check_chain(self, db: duckdb.DuckDBPyConnection, batch: Batch) -> None:
        """A batch that starts from another mark than raw has reached would leave a gap."""
        header = batch.header
        if header.explicit or header.full:
            return
        row = db.execute(
            "select mark from _journey.sync_state where source = ? and stream = ?",
            [header.source, header.stream],
        ).fetchone()
        if (row[0] if row else None) != header.mark:
            raise SourceError(
                f"batch {batch.batch_id} continues from a mark that the raw tables have not"
                " reached: an earlier batch was set aside or lost.",
                todo="Nothing was loaded; run again, the stream is read from its last loaded mark.",
            )

    def _stored(
        self, db: duckdb.DuckDBPyConnection, source: str, batch_id: str
    ) -> LoadReceipt | None:
        row = db.execute(
            "select receipt from _journey.batch where source = ? and batch_id = ?",
            [source, batch_id],
        ).fetchone()
        return LoadReceipt(**{**json.loads(row[0]), "already_loaded": True}) if row else None

    def _loaded(self, db: duckdb.DuckDBPyConnection, source: str) -> set[str]:
        rows = db.execute("select batch_id from _journey.batch where source = ?", [source])
        return {row[0] for row in rows.fetchall()}


def connect_to_write(path: Path) -> duckdb.DuckDBPyConnection:
    """A writing connection, or a plain sentence about who is in the way."""
    try:
        return duckdb.connect(str(path))
    except duckdb.IOException as error:
        raise SourceError(
            f"{path.name} can not be opened for writing: {str(error).splitlines()[0][:200]}",
            todo="Close the program that reads it; readers should use the published file.",
        ) from error


def _family(specs: Sequence[StreamSpec], header: Header) -> list[StreamSpec]:
    """The stream and its children, the stream first; in the time zones they were read with."""
    own = [spec for spec in specs if spec.name == header.stream]
    if not own:
        raise ContractError(f"no declaration for the stream {header.stream!r}.")
    family = own + [spec for spec in specs if spec.parent == header.stream]
    return [replace(s, timezone=header.timezones.get(s.name, s.timezone)) for s in family]


def _naive(moment: datetime) -> datetime:
    """Naive UTC, as everything in the raw tables."""
    return moment.astimezone(UTC).replace(tzinfo=None)
