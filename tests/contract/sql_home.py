"""A home that reads a database with the sql source, and what the tests of that kind share."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from connectors.clock import ManualClock
from connectors.engine import BatchReceipt, extract
from connectors.landing.columns import quoted
from connectors.landing.loader import Loader, LoadReceipt
from connectors.landing.state import SyncStates, connect_to_read
from connectors.landing.store import Landing
from connectors.protocol import Source
from connectors.registry import SourceContext, build_source

PEOPLE: dict[str, Any] = {
    "entity": "people",
    "table": "member",
    "columns": {"id": "source_record_id", "name": "first_name"},
}
MEMBERS = [(1, "Anna", "2026-06-01 10:00:00"), (2, "Ben", "2026-06-02 10:00:00")]
BY_TIME = {"kind": "updated_since", "column": "changed"}


class SqlHome:
    """An organisation's folder whose one source is a database."""

    def __init__(self, root: Path, url: str) -> None:
        self.context = SourceContext(root / "data" / "state")
        self.landing = Landing(root / "data" / "landing")
        self.raw = root / "raw.duckdb"
        self.clock = ManualClock()
        self.loader = Loader(self.raw, clock=self.clock)
        self.url = url

    def source(self, *streams: dict[str, Any], **settings: Any) -> Source:
        wanted = {"url": self.url, "streams": list(streams) or [PEOPLE], **settings}
        return build_source("app", "sql", wanted, self.context)

    def extract(self, source: Source, stream: str = "people", **options: Any) -> BatchReceipt:
        states = SyncStates(self.raw)
        return extract(
            source, stream, landing=self.landing, states=states, clock=self.clock, **options
        )

    def sync(self, source: Source, stream: str = "people", **options: Any) -> LoadReceipt:
        receipt = self.extract(source, stream, **options)
        loaded = self.loader.load(self.landing, "app", source.streams(), str(receipt.batch_id))
        self.clock.advance(60)
        return loaded

    def current(
        self, columns: str = "source_record_id, first_name", stream: str = "people"
    ) -> Sequence[tuple[Any, ...]]:
        db = connect_to_read(self.raw)
        try:
            return db.execute(
                f"select {columns} from app.{quoted(stream)}"
                " where _known_to is null and not _is_deleted order by all"
            ).fetchall()
        finally:
            db.close()

    def mark(self, stream: str = "people") -> str | None:
        state = SyncStates(self.raw).get("app", stream)
        return state.mark if state else None


class Application(SqlHome):
    """A home with the SQLite file of an application in it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, "sqlite:///app.db")
        self.file = root / "app.db"
        self.run("create table member (id integer primary key, name text, changed text)")
        for member in MEMBERS:
            self.run("insert into member values (?, ?, ?)", *member)

    def run(self, sql: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.file)) as db, db:
            return db.execute(sql, values).fetchall()
