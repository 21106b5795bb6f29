"""A cached, filtered order of records, so that the pages of one list do not each sort everything.

Data flow: RecordStore.columns -> Index.order(query) -> ids of one page -> RecordStore.query.

The cache is dropped as soon as any record changes: drift while paging must show as it would with
the vendor's own database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from connectors.testing.store import Record, RecordStore

T = TypeVar("T")
Row = tuple[Any, ...]  # id, sort, parent, then the values of the index's paths
Rows = Callable[[], list[Row]]
_KEPT = 256


class Index:
    """The orders of one entity that were asked for lately."""

    def __init__(self, store: RecordStore, vendor: str, entity: str, paths: Sequence[str]) -> None:
        self._store = store
        self._vendor = vendor
        self._entity = entity
        self._paths = [f"$.{path}" for path in paths]
        self._lock = threading.RLock()
        self._version: tuple[int, int] | None = None
        self._orders: dict[Hashable, list[Any]] = {}

    def order(self, query: Hashable, build: Callable[[Rows], list[T]]) -> list[T]:
        """What `build` makes of the rows; built once per query and store version.

        `build` gets a function that reads all rows, and may itself ask for another order.
        """
        with self._lock:
            version = self._store.version()
            if version != self._version:
                self._version = version
                self._orders.clear()
            if query not in self._orders:
                made = build(self._rows)
                if len(self._orders) >= _KEPT:
                    self._orders.clear()
                self._orders[query] = made
            return self._orders[query]

    def _rows(self) -> list[Row]:
        return self._store.columns(self._vendor, self._entity, self._paths)

    def records(self, ids: Sequence[str]) -> list[Record]:
        """The records in the order of `ids`; those deleted meanwhile are left out."""
        found = {r.id: r for r in self._store.query(self._vendor, self._entity, ids=ids)}
        return [found[id] for id in ids if id in found]
