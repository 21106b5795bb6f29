"""What the conformance cases share: a store with a clock, a fake server, sources that get closed.

Data flow: a case (cases_<kind>.py) -> StoreVendor -> RecordStore -> fake vendor -> Source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from connectors.protocol import Source
from connectors.registry import SourceContext, build_source
from connectors.testing.faults import Faults
from connectors.testing.messages import App
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
# Quick retries, as the suite lets some requests fail for good.
QUICK = {"max_attempts": 3, "first_pause_seconds": 0.01, "timeout_seconds": 5}
Key = tuple[str, ...]
Body = dict[str, Any]


class StoreVendor:
    """A `Vendor` over one entity of the store. Every change happens a second after the last one."""

    vendor = ""
    entity = ""
    stream = ""
    column = ""
    field = ""  # the record's key for `column`, where it differs
    page_path = ""
    spoiled: ClassVar[Body] = {}
    error_in_200: ClassVar[Body] = {}
    lacks: frozenset[str] = frozenset()
    settings: ClassVar[Body] = {}
    kind = ""

    def __init__(
        self, store: RecordStore, server: FakeServer, faults: Faults, folder: Path
    ) -> None:
        self.store, self.server, self.faults = store, server, faults
        self._context = SourceContext(folder / "state")
        self._opened: list[Any] = []

    def source(self) -> Source:
        settings = {"base_url": self.server.url, **QUICK, **self.settings}
        self._opened.append(build_source(self.kind, self.kind, settings, self._context))
        return self._opened[-1]

    def close(self) -> None:
        for source in self._opened:
            source.close()

    def insert(self) -> Key:
        raise NotImplementedError

    def records(self) -> dict[Key, str]:
        return {(r.id,): r.body[self.field or self.column] for r in self._all()}

    def change(self, key: Key) -> None:
        body = self.body(key)
        field = self.field or self.column
        self.put(key[0], {**body, field: f"{body[field]}*"}, "changed")

    def delete(self, key: Key) -> None:
        self.store.delete(self.vendor, self.entity, key[0])

    def spoil(self, key: Key) -> None:
        self.put(key[0], {**self.body(key), **self.spoiled}, "changed")

    def tie(self, keys: Sequence[Key]) -> None:
        for key in keys:
            self.put(key[0], self.body(key), "tied", self.store.now())

    def body(self, key: Key) -> Body:
        record = self.store.get(self.vendor, self.entity, key[0])
        assert record is not None
        return record.body

    def next_number(self) -> int:
        return max((r.sort for r in self._all()), default=0) + 1

    def put(self, id: str, body: Body, how: str, at: datetime | None = None) -> None:
        """Store the record as `how` says (new, changed, tied), at the next second or at `at`."""
        moment = at or self.tick()
        known = self.store.get(self.vendor, self.entity, id)
        sort = known.sort if known else self.next_number()
        body = self.stamped(body, moment, how)
        seconds = moment.timestamp()
        record = Record(self.vendor, self.entity, id, body, sort, seconds, seconds)
        self.store.put(replace(record, parent=self.parent_of(body)))

    def parent_of(self, body: Body) -> str | None:
        return None

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        """The body with the vendor's own times in it."""
        raise NotImplementedError

    def tick(self) -> datetime:
        at = self.store.now() + timedelta(seconds=1)
        self.store.set_now(at)
        return at

    def _all(self) -> list[Record]:
        return list(self.store.query(self.vendor, self.entity))


Case = Callable[[Path], Any]


def case(
    vendor: type[StoreVendor], app: Callable[[RecordStore], App], *, records: int = 11
) -> Case:
    """A context manager: folder -> the running vendor with so many records."""

    @contextmanager
    def running(folder: Path) -> Iterator[StoreVendor]:
        folder.mkdir(parents=True, exist_ok=True)
        store = RecordStore(folder / "vendor.sqlite")
        store.set_now(NOW)
        faults = Faults()
        with FakeServer(app(store), faults=faults) as server:
            made = vendor(store, server, faults, folder)
            for _ in range(records):
                made.insert()
            try:
                yield made
            finally:
                made.close()
                store.close()

    return running


def z(at: datetime) -> str:
    """A time as most vendors write it: UTC with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
