"""Writes a whole record store at once: part files by several processes, then one sorted file.

Data flow: Record -> PartWriter -> part file -> assemble -> the file a RecordStore opens.

A part is unsorted and without an index, so that its writer only appends. `assemble` lets SQLite
sort each kind of record on disk, in memory that does not grow with the records, and makes the
indexes last. The file does not depend on how the records were spread over parts.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from connectors.testing.store import CREATE, INDEX, Record, encode

_BUFFER = 20_000  # records in memory before they are written
_SORT_MEGABYTES = 128
_COLUMNS = "sort, id, parent, created, updated, body"
MAX_PARTS = 10  # SQLite's limit of attached files
Kind = tuple[str, str]


class PartWriter:
    """Appends records to a part file; what was added is there when the context ends.

    Several writers may use a file one after the other. `counts` is what this one added.
    """

    def __init__(self, path: Path) -> None:
        self.counts: Counter[Kind] = Counter()
        self._path = path
        self._rows: dict[Kind, list[tuple[Any, ...]]] = defaultdict(list)
        self._waiting = 0

    def __enter__(self) -> PartWriter:
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.execute("pragma journal_mode = off")
        self._db.execute("pragma synchronous = off")
        self._db.execute("begin")
        return self

    def add(self, records: Iterable[Record]) -> None:
        for r in records:
            row = (r.sort, r.id, r.parent, r.created, r.updated, encode(r.body))
            self._rows[r.vendor, r.entity].append(row)
            self._waiting += 1
        if self._waiting >= _BUFFER:
            self._flush()

    def _flush(self) -> None:
        for kind, rows in self._rows.items():
            table = _table(kind)
            self._db.execute(f"create table if not exists {table} ({_COLUMNS})")
            self._db.executemany(f"insert into {table} values (?,?,?,?,?,?)", rows)
            self.counts[kind] += len(rows)
        self._rows.clear()
        self._waiting = 0

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._flush()
            self._db.execute("commit")
        self._db.close()


def assemble(path: Path, parts: Sequence[Path]) -> None:
    """Make `path`, a new file, from all records of `parts`; an id that occurs twice is an error."""
    if len(parts) > MAX_PARTS:
        raise ValueError(f"{len(parts)} parts: SQLite reads at most {MAX_PARTS} at once")
    with _sorting_in(path.parent), closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma page_size = 8192")
        db.execute("pragma journal_mode = off")
        db.execute("pragma synchronous = off")
        db.execute(f"pragma cache_size = -{_SORT_MEGABYTES * 1024}")
        db.executescript(CREATE)
        homes: dict[Kind, list[str]] = defaultdict(list)
        for number, part in enumerate(parts):
            db.execute(f"attach ? as part{number}", [str(part)])
            for (name,) in db.execute(f"select name from part{number}.sqlite_schema").fetchall():
                vendor, _, entity = name.partition("/")
                homes[vendor, entity].append(f"part{number}")
        for number, (kind, places) in enumerate(sorted(homes.items()), 1):
            db.execute("begin")
            db.execute("insert into kind values (?, ?, ?)", [number, *kind])
            everything = " union all ".join(
                f"select {_COLUMNS} from {place}.{_table(kind)}" for place in places
            )
            db.execute(
                f"insert into record select ?, {_COLUMNS} from ({everything}) order by sort, id",
                [number],
            )
            db.execute("commit")
        db.executescript(INDEX)


def _table(kind: Kind) -> str:
    return '"' + "/".join(kind) + '"'


@contextmanager
def _sorting_in(folder: Path) -> Iterator[None]:
    """SQLite's temporary files where the result goes: the usual place may be small."""
    name = "SQLITE_TMPDIR"
    before = os.environ.get(name)
    os.environ[name] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
