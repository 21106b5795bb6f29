"""A small record store on SQLite that fake vendor servers serve from.

Data flow: sandbox generator (or a test) -> RecordStore -> fake vendor server -> HTTP.

One row is one vendor record, kept exactly as the vendor's API would return it. A file, not memory,
so that a million people fit, a server can be restarted, and `--advance` can change it from outside.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# Rows lie in the order of their kind's pages; the bulk writer makes the indexes after the rows.
CREATE = """
create table if not exists setting (name text primary key, value text not null);
create table if not exists kind (
    number integer primary key, vendor text not null, entity text not null, unique (vendor, entity)
);
create table if not exists record (
    kind integer not null, sort integer not null, id text not null, parent text,
    created real not null, updated real not null, body text not null
);
"""
INDEX = """
create unique index if not exists record_id on record (kind, id);
create index if not exists record_sort on record (kind, sort);
create index if not exists record_parent on record (kind, parent, sort) where parent is not null;
"""
_NATURAL = "order by sort, rowid"
_KIND = "(select number from kind where vendor = ? and entity = ?)"
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
encode = json.JSONEncoder(separators=(",", ":")).encode


def microseconds(text: str | None) -> int | None:
    """Unix microseconds of an ISO 8601 time; without an offset it is UTC. None when it is none."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


_ORDERS = {
    "sort": "sort, rowid",
    "-sort": "sort desc, rowid desc",
    "created": "created, sort, rowid",
    "updated": "updated, sort, rowid",
}


@dataclass(frozen=True)
class Record:
    """One vendor record: `sort` is its position in the vendor's natural order (id or creation)."""

    vendor: str
    entity: str
    id: str
    body: dict[str, Any]
    sort: int
    created: float  # unix seconds
    updated: float  # unix seconds
    parent: str | None = None

    @classmethod
    def stored(cls, vendor: str, entity: str, row: Sequence[Any]) -> Record:
        """From id, body, sort, created, updated, parent as they lie in the store."""
        return cls(vendor, entity, row[0], json.loads(row[1]), *row[2:])


class RecordStore:
    """Records by (vendor, entity, id), safe to use from the threads of a server."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = off")
        self._db.create_function("microseconds", 1, microseconds, deterministic=True)
        self._kinds: dict[tuple[str, str], int] = {}
        self._refuse_older()
        self._db.executescript(CREATE + INDEX)

    def _refuse_older(self) -> None:
        columns = [row[1] for row in self._db.execute("pragma table_info(record)")]
        if columns and "kind" not in columns:
            self._db.close()
            raise OSError(f"{self.path} was made by an older version: generate it anew")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def put_many(self, records: Iterable[Record]) -> None:
        """Insert or replace records in one transaction."""
        rows = (
            (
                self.number(r.vendor, r.entity),
                *(r.sort, r.id, r.parent, r.created, r.updated, encode(r.body)),
            )
            for r in records
        )
        with self._lock:
            self._db.execute("begin immediate")
            try:
                self._db.executemany("insert or replace into record values (?,?,?,?,?,?,?)", rows)
                self._db.execute("commit")
            except BaseException:
                self._db.execute("rollback")
                self._kinds.clear()
                raise

    def number(self, vendor: str, entity: str) -> int:
        """The number of a kind of record in the column `kind`; a new kind gets the next one."""
        known = self._kinds.get((vendor, entity))
        if known is None:
            kind = [vendor, entity]
            self._db.execute("insert or ignore into kind (vendor, entity) values (?, ?)", kind)
            known = int(self._db.execute(f"select {_KIND}", kind).fetchone()[0])
            self._kinds[vendor, entity] = known
        return known

    def put(self, record: Record) -> None:
        self.put_many([record])

    def delete(self, vendor: str, entity: str, id: str) -> bool:
        with self._lock:
            done = self._db.execute(
                f"delete from record where kind = {_KIND} and id = ?", (vendor, entity, id)
            )
            return done.rowcount > 0

    def get(self, vendor: str, entity: str, id: str) -> Record | None:
        found = list(self.query(vendor, entity, ids=[id]))
        return found[0] if found else None

    def query(
        self,
        vendor: str,
        entity: str,
        *,
        ids: Iterable[str] | None = None,
        parent: str | None = None,
        after_sort: int | None = None,
        updated_since: float | None = None,
        order: str = "sort",
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[Record]:
        """Matching records; `order` is one of _ORDERS, all but the first two for short lists."""
        where, values = self._where(vendor, entity, ids, parent, after_sort, updated_since)
        sql = (
            "select id, body, sort, created, updated, parent from record"
            f" where {where} order by {_ORDERS[order]} limit ? offset ?"
        )
        with self._lock:
            rows = self._db.execute(
                sql, [*values, -1 if limit is None else limit, offset]
            ).fetchall()
        for row in rows:
            yield Record.stored(vendor, entity, row)

    def count(
        self,
        vendor: str,
        entity: str,
        *,
        parent: str | None = None,
        updated_since: float | None = None,
    ) -> int:
        where, values = self._where(vendor, entity, None, parent, None, updated_since)
        with self._lock:
            row = self._db.execute(f"select count(*) from record where {where}", values).fetchone()
        return int(row[0])

    def places(
        self, vendor: str, entity: str, *, parent: str | None = None
    ) -> list[tuple[str, int, str | None]]:
        """(id, sort, parent) of every record, in natural order: much cheaper than the bodies."""
        where, values = self._where(vendor, entity, None, parent, None, None)
        return self.rows(f"select id, sort, parent from record where {where} {_NATURAL}", values)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The answer to any SQL about record(kind, sort, id, parent, created, updated, body)."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def version(self) -> tuple[int, int]:
        """Changes whenever a record was written, by this process or another one."""
        with self._lock:
            row = self._db.execute("pragma data_version").fetchone()
            return int(row[0]), self._db.total_changes

    def now(self) -> datetime:
        """The store's clock (UTC): what the fake servers believe the time to be."""
        value = self.setting("now")
        return datetime.fromisoformat(value) if value else datetime.now(UTC)

    def set_now(self, now: datetime) -> None:
        self.set_setting("now", now.astimezone(UTC).isoformat())

    def setting(self, name: str) -> str | None:
        with self._lock:
            row = self._db.execute("select value from setting where name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def set_setting(self, name: str, value: str) -> None:
        with self._lock:
            self._db.execute("insert or replace into setting values (?, ?)", (name, value))

    @staticmethod
    def _where(
        vendor: str,
        entity: str,
        ids: Iterable[str] | None,
        parent: str | None,
        after_sort: int | None,
        updated_since: float | None,
    ) -> tuple[str, list[Any]]:
        parts, values = [f"kind = {_KIND}"], [vendor, entity]
        bounds: list[tuple[str, Any]] = [
            ("parent = ?", parent),
            ("sort > ?", after_sort),
            ("updated >= ?", updated_since),
        ]
        all_values: list[Any] = list(values)
        for clause, value in bounds:
            if value is not None:
                parts.append(clause)
                all_values.append(value)
        if ids is not None:
            wanted = list(ids)
            parts.append(f"id in ({','.join('?' * len(wanted))})")
            all_values.extend(wanted)
        return " and ".join(parts), all_values
