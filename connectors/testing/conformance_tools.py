"""What the conformance suite works with: a vendor that can be changed, a home, and a crash.

Data flow: Vendor -> Source -> Home.extract() -> Home.load() -> Home.current() == Vendor.records().
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from connectors.engine import BatchReceipt, extract
from connectors.landing.columns import quoted
from connectors.landing.loader import Loader, LoadReceipt
from connectors.landing.state import SyncStates, connect_to_read
from connectors.landing.store import Landing
from connectors.protocol import CheckItem, Page, Request, Source, StreamSpec
from connectors.testing.faults import Faults
from connectors.testing.server import FakeServer

Key = tuple[str, ...]


class Vendor(Protocol):
    """What the suite must be able to do to the system behind a connector.

    Keys are the primary key's values as text. `lacks` names what does not apply: "http" (no
    server), "delete", "spoil", "tie", "error_in_200", "resume" (no resumable position), "loop" (a
    repeated answer can not make its paging go in circles), "fixed_key" (refused credentials are
    renewed once, as OAuth allows).
    """

    stream: str
    column: str  # a text column of the stream that `change` gives a new value
    page_path: str  # regular expression on path and query of the requests for the stream's pages
    error_in_200: dict[str, Any]  # the vendor's own error document
    lacks: Collection[str]
    server: FakeServer | None
    faults: Faults

    def source(self) -> Source:
        """A new Source, as a new process would build it."""

    def records(self) -> dict[Key, str]:
        """Key -> value of `column` of every record that exists and is not deleted."""

    def insert(self) -> Key:
        """A new record, later than all others."""

    def change(self, key: Key) -> None:
        """Another value in `column`, and a later time of change."""

    def delete(self, key: Key) -> None:
        """The record is gone, the way the vendor does it."""

    def spoil(self, key: Key) -> None:
        """A value that does not fit its column's declared type, and a later time of change."""

    def tie(self, keys: Sequence[Key]) -> None:
        """All of them get one and the same time of change: that of the latest record."""


class Crash(BaseException):
    """Not an Exception: nothing between the engine and the test may catch it."""


class Home:
    """Landing, raw database and states of one pretended organisation."""

    def __init__(self, root: Path, vendor: Vendor) -> None:
        self.vendor = vendor
        self.landing = Landing(root / "landing")
        self.raw = root / "raw.duckdb"
        self.loader = Loader(self.raw)

    def extract(self, source: Source | None = None, **options: Any) -> BatchReceipt:
        """One extraction of the vendor's stream, by a new source unless one is given."""
        opened = source or self.vendor.source()
        states = SyncStates(self.raw)
        return extract(opened, self.vendor.stream, landing=self.landing, states=states, **options)

    def load(self, receipt: BatchReceipt) -> LoadReceipt:
        specs = self.vendor.source().streams()
        return self.loader.load(self.landing, receipt.source, specs, str(receipt.batch_id))

    def sync(self, source: Source | None = None, **options: Any) -> LoadReceipt:
        """Extract, then load."""
        return self.load(self.extract(source, **options))

    def spec(self) -> StreamSpec:
        specs = self.vendor.source().streams()
        return next(spec for spec in specs if spec.name == self.vendor.stream)

    def table(self) -> str:
        return f"{quoted(self.vendor.source().name)}.{quoted(self.vendor.stream)}"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        db = connect_to_read(self.raw)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def current(self) -> dict[Key, str]:
        """Key -> value of the watched column, of all current rows of the raw table."""
        spec = self.spec()
        keys = ", ".join(f"{quoted(name)}::varchar" for name in spec.primary_key)
        rows = self.query(
            f"select {keys}, {quoted(self.vendor.column)} from {self.table()}"
            " where _known_to is null and not _is_deleted"
        )
        assert len({row[:-1] for row in rows}) == len(rows), "a key is current twice"
        return {tuple(row[:-1]): row[-1] for row in rows}

    def mark(self) -> str | None:
        state = SyncStates(self.raw).get(self.vendor.source().name, self.vendor.stream)
        return state.mark if state else None

    def requests(self) -> list[tuple[str, str, tuple[tuple[str, str], ...], bytes]]:
        """What was asked of the fake server so far; a condition in a header is part of it."""
        server = self.vendor.server
        asked = server.requests if server else []
        return [(r.method, r.path, (*r.query, *_condition(r.headers)), r.body) for r in asked]


def _condition(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, headers[name]) for name in ("if-modified-since",) if name in headers]


class Doubled:
    """A source that gives every page twice, the second time under another token."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name

    def streams(self) -> Sequence[StreamSpec]:
        return self._source.streams()

    def check(self) -> Sequence[CheckItem]:
        return self._source.check()

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        return self._source.ids(stream)

    def pages(self, request: Request) -> Iterator[Page]:
        for page in self._source.pages(request):
            yield page
            yield replace(page, token=f"{page.token}#again")


def crash_at(page: int) -> Callable[[str, str, int], None]:
    """A progress callback that crashes after that many pages."""
    landed: list[int] = []

    def progress(_source: str, _stream: str, rows: int) -> None:
        landed.append(rows)
        if len(landed) == page:
            raise Crash

    return progress


def matches(vendor: Vendor, request: tuple[str, str, tuple[tuple[str, str], ...], bytes]) -> bool:
    """Whether a recorded request fetched a page of the vendor's stream."""
    target = request[1] + "?" + urlencode(request[2])
    return re.search(vendor.page_path, target) is not None
