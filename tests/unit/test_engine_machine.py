"""For every kind of cursor: whatever happens in whatever order, raw ends up as the source is.

A model source is changed at random (new, changed, deleted records, an unknown field, drift while
paging) and read at random (clean, killed at a page, killed before the load, a load repeated). After
one more clean run with the keys compared, the current rows must be the source's records.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connectors.clock import ManualClock
from connectors.engine import BatchReceipt, extract
from connectors.landing.loader import Loader
from connectors.landing.state import SyncStates, connect_to_read
from connectors.landing.store import Landing
from connectors.protocol import (
    CheckItem,
    Column,
    Cursor,
    CursorKind,
    DeletePolicy,
    Page,
    Request,
    StreamSpec,
)
from connectors.testing.conformance_tools import Crash, crash_at

PAGE = 3
LOOKBACK = timedelta(seconds=30)
WINDOW = timedelta(days=400)  # created_only: changes are found as far back as this


def spec(kind: CursorKind) -> StreamSpec:
    cursors = {
        "updated_since": Cursor("updated_since", "changed", LOOKBACK),
        "created_only": Cursor("created_only", "created", WINDOW),
        "event_log": Cursor("event_log"),
        "append_log_id": Cursor("append_log_id", "id"),
        "full": Cursor("full"),
    }
    deletes: dict[str, DeletePolicy] = {"event_log": "tombstone", "append_log_id": "none"}
    return StreamSpec(
        name="thing",
        primary_key=("id",),
        columns={
            "id": Column("integer"),
            "name": Column("string"),
            "created": Column("timestamp"),
            "changed": Column("timestamp"),
        },
        cursor=cursors[kind],
        deletes=deletes.get(kind, "id_reconcile"),
    )


class World:
    """Records in memory, and a log of what happened to them."""

    def __init__(self, kind: CursorKind, clock: ManualClock) -> None:
        self.spec, self.clock = spec(kind), clock
        self.records: dict[int, dict[str, Any]] = {}
        self.log: list[int] = []  # the id each event is about; an event's id is its place
        self.drift: list[Any] = []  # what happens between two pages of the next reading
        self.extra = False

    def put(self, id: int, name: str) -> None:
        at = self.tick()
        known = self.records.get(id, {"created": at})
        self.records[id] = {"id": id, "name": name, "created": known["created"], "changed": at}
        if self.extra:
            self.records[id]["colour"] = "red"
        self.log.append(id)

    def delete(self, id: int) -> None:
        self.tick()
        del self.records[id]
        self.log.append(id)

    def tick(self) -> str:
        self.clock.advance(1)
        return self.clock.now().isoformat()


class WorldSource:
    """The world as a source, read the way its cursor kind says."""

    name = "world"

    def __init__(self, world: World) -> None:
        self.world = world

    def streams(self) -> Sequence[StreamSpec]:
        return [self.world.spec]

    def check(self) -> Sequence[CheckItem]:
        return []

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        yield [(id,) for id in self.world.records]

    def pages(self, request: Request) -> Iterator[Page]:
        if self.world.spec.cursor.kind == "event_log":
            yield from self._events(request)
            return
        now, last = self.world.clock.now(), int(request.position or 0)
        if self.world.spec.cursor.kind == "append_log_id" and not request.full:
            last = max(last, int(request.mark or 0))
        while True:
            found = [r for r in self._wanted(request) if r["id"] > last][:PAGE]
            rows = [dict(row) for row in found]
            if not rows:
                return
            last = rows[-1]["id"]
            yield Page({"thing": rows}, token=str(last), position=str(last), server_time=now)
            self._drift()

    def _wanted(self, request: Request) -> list[dict[str, Any]]:
        """The records of the slice as they are at this moment, by id."""
        field = "created" if self.world.spec.cursor.kind == "created_only" else "changed"
        return [
            self.world.records[id]
            for id in sorted(self.world.records)
            if request.since is None
            or datetime.fromisoformat(self.world.records[id][field]) >= request.since
        ]

    def _events(self, request: Request) -> Iterator[Page]:
        """The log after the mark; of a deleted record its key. The mark is the place in the log."""
        at = int(request.position or (0 if request.full else request.mark or 0))
        while at < len(self.world.log):
            ids = list(dict.fromkeys(self.world.log[at : at + PAGE]))
            at = min(at + PAGE, len(self.world.log))
            rows = [dict(self.world.records[id]) for id in ids if id in self.world.records]
            gone = [(id,) for id in ids if id not in self.world.records]
            yield Page(
                {"thing": rows},
                token=f"@{at}",
                position=str(at),
                mark=str(at),
                deleted={"thing": gone} if gone else {},
            )
            self._drift()

    def _drift(self) -> None:
        if self.world.drift:
            self.world.drift.pop(0)()


class ReadingMachine(RuleBasedStateMachine):
    """The rules of one organisation with one source; `kind` is set per test."""

    kind: CursorKind = "full"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.clock = ManualClock()
        self.world = World(self.kind, self.clock)
        self.landing, self.raw = Landing(self.folder / "landing"), self.folder / "raw.duckdb"
        self.loader = Loader(self.raw, clock=self.clock)
        self.waiting: list[BatchReceipt] = []
        self.loaded: list[BatchReceipt] = []
        self.next_id = 1

    def teardown(self) -> None:
        self.settle()
        shutil.rmtree(self.folder)

    @initialize(count=st.integers(0, 8))
    def begin(self, count: int) -> None:
        for _ in range(count):
            self.new()

    @rule()
    def new(self) -> None:
        self.world.put(self.next_id, f"new {self.next_id}")
        self.next_id += 1

    @precondition(lambda self: self.world.records and self.kind != "append_log_id")
    @rule(data=st.data())
    def change(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.world.records)))
        self.world.put(id, f"changed at {self.clock.now():%H:%M:%S}")

    # An empty list of keys is taken for a fault of the source: one record always stays.
    @precondition(lambda self: len(self.world.records) > 1 and self.kind != "append_log_id")
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self.world.delete(data.draw(st.sampled_from(sorted(self.world.records))))

    @rule()
    def a_field_appears(self) -> None:
        self.world.extra = True

    @rule(minutes=st.integers(1, 300))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(60 * minutes)

    @rule()
    def read(self) -> None:
        self.waiting.append(self._extract())

    @rule()
    def load(self) -> None:
        for receipt in self.waiting:
            self._load(receipt)
        self.waiting = []

    @rule(page=st.integers(1, 3))
    def killed_at_a_page(self, page: int) -> None:
        with suppress(Crash):  # what it read so far lies in landing
            self.waiting.append(self._extract(progress=crash_at(page)))

    @precondition(lambda self: self.loaded)
    @rule()
    def a_batch_is_loaded_again(self) -> None:
        assert self._load(self.loaded[-1]).already_loaded

    @precondition(lambda self: self.kind != "append_log_id")
    @rule(data=st.data())
    def read_while_it_changes(self, data: st.DataObject) -> None:
        ids = sorted(self.world.records)
        if len(ids) > 1:
            changed, gone = data.draw(st.sampled_from(ids)), data.draw(st.sampled_from(ids))
            self.world.drift = [
                lambda: changed in self.world.records and self.world.put(changed, "drifted"),
                lambda: gone in self.world.records and self.world.delete(gone),
                self.new,
            ]
        self.waiting.append(self._extract())
        self.world.drift = []

    @invariant()
    def one_current_row_a_key(self) -> None:
        assert not self._query(
            "select id from world.thing where _known_to is null group by id having count(*) > 1"
        )

    def settle(self) -> None:
        """After two clean runs nothing of the past may show."""
        self.load()
        for _ in range(2):
            self.clock.advance(60)
            self._load(self._extract(reconcile="always"))
        rows = "select id, name from world.thing where _known_to is null and not _is_deleted"
        assert dict(self._query(rows)) == {i: r["name"] for i, r in self.world.records.items()}

    def _extract(self, **options: Any) -> BatchReceipt:
        states = SyncStates(self.raw)
        source = WorldSource(self.world)
        return extract(
            source, "thing", landing=self.landing, states=states, clock=self.clock, **options
        )

    def _load(self, receipt: BatchReceipt) -> Any:
        self.loaded.append(receipt)
        batch = str(receipt.batch_id)
        return self.loader.load(self.landing, "world", [self.world.spec], batch)

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        if not self.raw.exists():
            return []
        db = connect_to_read(self.raw)
        try:
            known = db.execute(
                "select 1 from information_schema.tables where table_schema = 'world'"
            ).fetchone()
            return db.execute(sql).fetchall() if known else []
        finally:
            db.close()


@pytest.mark.parametrize(
    "kind", ["updated_since", "created_only", "event_log", "append_log_id", "full"]
)
def test_raw_ends_up_as_the_source_is(kind: CursorKind) -> None:
    machine = type("Machine", (ReadingMachine,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=14,
            deadline=None,
            phases=(
                Phase.explicit,
                Phase.generate,
            ),  # each step is a database: shrinking takes hours
            suppress_health_check=list(HealthCheck),
        ),
    )
