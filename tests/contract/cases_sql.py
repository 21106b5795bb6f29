"""A database as conformance cases: by time of change with keyset paging, and in full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from vendors import NOW, Body, Case, Key

from connectors.protocol import Source
from connectors.registry import SourceContext, build_source
from connectors.testing.faults import Faults

TABLE = """
create table app_member (
  id integer primary key, name text, born text, is_gone integer default 0, changed text)
"""


class SqlVendor:
    """An SQLite file that an application writes."""

    stream, column = "people", "first_name"
    page_path = ""
    error_in_200: ClassVar[Body] = {}
    server = None
    lacks = frozenset({"http", "error_in_200", "loop"})

    def __init__(self, folder: Path, cursor: Body, deletes: Body) -> None:
        self._file = folder / "app.db"
        self._context = SourceContext(folder / "data" / "state")
        self._cursor, self._deletes = cursor, deletes
        self._now = NOW
        self.faults = Faults()
        self._run(TABLE)

    def source(self) -> Source:
        stream = {
            "entity": "people",
            "table": "app_member",
            "columns": {"id": "source_record_id", "name": "first_name", "born": "birth_date"},
            "cursor": self._cursor,
            "deletes": self._deletes,
        }
        settings = {"url": f"sqlite:///{self._file}", "page_size": 4, "streams": [stream]}
        return build_source("app", "sql", settings, self._context)

    def records(self) -> dict[Key, str]:
        found = self._run("select id, name from app_member where is_gone = 0")
        return {(str(id),): name for id, name in found}

    def insert(self) -> Key:
        ((number,),) = self._run("select coalesce(max(id), 0) + 1 from app_member")
        self._run(
            "insert into app_member values (?, ?, '1990-01-31', 0, ?)",
            *(number, f"Example {number}", self._tick()),
        )
        return (str(number),)

    def change(self, key: Key) -> None:
        self._set(key, "name = name || '*'")

    def delete(self, key: Key) -> None:
        if self._deletes["kind"] == "flag":
            self._set(key, "is_gone = 1")
        else:
            self._run("delete from app_member where id = ?", key[0])

    def spoil(self, key: Key) -> None:
        self._set(key, "born = 'in spring'")

    def tie(self, keys: Sequence[Key]) -> None:
        for key in keys:
            self._run(
                "update app_member set changed = (select max(changed) from app_member)"
                " where id = ?",
                key[0],
            )

    def _set(self, key: Key, change: str) -> None:
        self._run(f"update app_member set {change}, changed = ? where id = ?", self._tick(), key[0])

    def _tick(self) -> str:
        self._now += timedelta(seconds=1)
        return self._now.strftime("%Y-%m-%d %H:%M:%S")

    def _run(self, sql: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self._file)) as db, db:
            return db.execute(sql, values).fetchall()


def case(cursor: Body, deletes: Body) -> Case:
    """A context manager: folder -> the application's database with eleven members."""

    @contextmanager
    def running(folder: Path) -> Iterator[SqlVendor]:
        folder.mkdir(parents=True, exist_ok=True)
        vendor = SqlVendor(folder, cursor, deletes)
        for _ in range(11):
            vendor.insert()
        yield vendor

    return running


CASES: dict[str, Case] = {
    "sql_updated_since": case(
        {"kind": "updated_since", "column": "changed"}, {"kind": "flag", "column": "is_gone"}
    ),
    "sql_full": case({"kind": "full"}, {"kind": "id_reconcile"}),
}
