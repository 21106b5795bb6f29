"""A source in memory and a home to load it into, for the engine's and the loader's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.clock import ManualClock
from connectors.engine import BatchReceipt, extract
from connectors.landing.loader import Loader, LoadReceipt
from connectors.landing.state import SyncStates, connect_to_read
from connectors.landing.store import Landing
from connectors.protocol import CheckItem, Column, Cursor, Page, Request, StreamSpec

START = datetime(2026, 6, 30, 12, tzinfo=UTC)
Row = Mapping[str, Any]
Feed = Callable[[Request], Iterator[Page]]

ORDER = StreamSpec(
    name="order",
    primary_key=("id",),
    columns={
        "id": Column("integer"),
        "name": Column("string"),
        "changed": Column("timestamp"),
    },
    cursor=Cursor("updated_since", field="changed", lookback=timedelta(hours=1)),
)
LINE = StreamSpec(
    name="line",
    primary_key=("order_id", "no"),
    columns={
        "order_id": Column("integer", path="order"),
        "no": Column("integer"),
        "amount": Column("minor"),
    },
    cursor=Cursor("full"),
    deletes="replace_by_parent",
    parent="order",
    parent_key=("order_id",),
)


def order(number: int, minute: int = 0, **more: Any) -> dict[str, Any]:
    """An order changed that many minutes before noon of the test's day."""
    moment = START - timedelta(minutes=minute)
    return {"id": number, "name": f"order {number}", "changed": moment.isoformat(), **more}


def spec(**changes: Any) -> StreamSpec:
    """ORDER with something else declared."""
    return replace(ORDER, **changes)


class Shop:
    """A source whose pages a test hands in: a list, or a function of the request."""

    name = "shop"

    def __init__(
        self,
        pages: Sequence[Page] | Feed = (),
        specs: Sequence[StreamSpec] = (ORDER, LINE),
        ids: Sequence[Sequence[tuple[Any, ...]]] = (),
    ) -> None:
        self._pages, self._specs, self._ids = pages, specs, ids
        self.requests: list[Request] = []
        self.asked_ids = 0

    def streams(self) -> Sequence[StreamSpec]:
        return self._specs

    def check(self) -> Sequence[CheckItem]:
        return []

    def pages(self, request: Request) -> Iterator[Page]:
        self.requests.append(request)
        yield from self._pages(request) if callable(self._pages) else self._pages

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        self.asked_ids += 1
        yield from self._ids


def page(*rows: Row, stream: str = "order", **more: Any) -> Page:
    """One page of one stream."""
    return Page({stream: rows}, **more)


class Home:
    """Landing, raw database and clock of one test."""

    def __init__(self, root: Path) -> None:
        self.landing = Landing(root / "landing")
        self.raw = root / "raw.duckdb"
        self.clock = ManualClock(START)
        self.loader = Loader(self.raw, clock=self.clock)

    def extract(self, shop: Shop, stream: str = "order", **options: Any) -> BatchReceipt:
        return extract(
            shop,
            stream,
            landing=self.landing,
            states=SyncStates(self.raw),
            clock=self.clock,
            **options,
        )

    def load(self, shop: Shop, receipt: BatchReceipt, **options: Any) -> LoadReceipt:
        assert receipt.batch_id is not None
        return self.loader.load(
            self.landing, shop.name, shop.streams(), receipt.batch_id, **options
        )

    def sync(self, shop: Shop, stream: str = "order", **options: Any) -> LoadReceipt:
        """Extract and load; afterwards an hour has passed."""
        receipt = self.load(shop, self.extract(shop, stream, **options))
        self.clock.advance(3600)
        return receipt

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        db = connect_to_read(self.raw)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def current(self, columns: str = "id, name", table: str = 'shop."order"') -> list[Any]:
        return self.query(
            f"select {columns} from {table}"
            " where _known_to is null and not _is_deleted order by all"
        )

    def mark(self, stream: str = "order") -> str | None:
        state = SyncStates(self.raw).get("shop", stream)
        return state.mark if state else None
