"""Lists filtered and ordered by the store's database, so that a page costs the same at any depth.

Data flow: a fake's clauses -> SqlList -> SQLite (an index per order) -> Records of one page.

Like a vendor's own database: nothing is read ahead or kept, and a change shows in the next page.
Field names and expressions come from the fakes themselves, values from requests are bound.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.testing.store import Record, RecordStore

_KEPT = 256


@dataclass(frozen=True)
class Clause:
    """A condition on the records and the values of its question marks."""

    sql: str
    values: tuple[Any, ...] = ()


def field(name: str) -> str:
    """The SQL of a stored field."""
    return f"json_extract(body, '$.{name}')"


def moment(name: str) -> str:
    """The SQL of a stored time in microseconds, however it is written."""
    return f"microseconds({field(name)})"


class SqlList:
    """The records of one kind. `indexes` are the orders that large lists are read in, each perhaps
    after fields that the clauses set equal; the first that fits is used."""

    def __init__(
        self, store: RecordStore, vendor: str, entity: str, indexes: Sequence[Sequence[str]] = ()
    ) -> None:
        self._store = store
        self._vendor, self._entity = vendor, entity
        self._kind = store.number(vendor, entity)
        self._lock = threading.Lock()
        self._counted: dict[Hashable, tuple[Any, tuple[int, int], int]] = {}
        self._indexes = {f"{vendor} {entity} {n}": each for n, each in enumerate(indexes, 1)}
        for name, columns in self._indexes.items():
            store.rows(
                f'create index if not exists "{name}"'
                f" on record ({', '.join(columns)}) where kind = {self._kind}"
            )

    def page(
        self, clauses: Sequence[Clause], order: str, limit: int, offset: int = 0
    ) -> list[Record]:
        """The matching records in `order`."""
        where, values = self._where(clauses)
        sql = (
            f"select id, body, sort, created, updated, parent from record{self._by(clauses, order)}"
            f" where {where} order by {order} limit ? offset ?"
        )
        rows = self._store.rows(sql, [*values, limit, offset])
        return [Record.stored(self._vendor, self._entity, row) for row in rows]

    def values(self, clauses: Sequence[Clause], columns: str) -> list[tuple[Any, ...]]:
        """Some columns of all matching records, in no order."""
        where, values = self._where(clauses)
        return self._store.rows(f"select {columns} from record where {where}", values)

    def count(self, clauses: Sequence[Clause], order: str | None = None) -> int:
        """How many match; by the index of `order`, if one is given."""
        where, values = self._where(clauses)
        source = f"record{self._by(clauses, order)}"
        return int(self._store.rows(f"select count(*) from {source} where {where}", values)[0][0])

    def count_from(self, clauses: Sequence[Clause], order: str, bound: str, value: Any) -> int:
        """How many match `clauses` and `bound` ("x >= ?" or "x > ?"); None is no bound.

        A reader's bound moves with its pages: while nothing changes, only the records between two
        bounds are counted, not all those that are left.
        """
        if value is None:
            return self.count(clauses, order)
        key, version = (tuple(clauses), bound), self._store.version()
        with self._lock:
            last, counted, found = self._counted.get(key, (None, version, 0))
            if last is None or counted != version or last > value:
                found = self.count([*clauses, Clause(bound, (value,))], order)
            else:
                # Written as a comparison: SQLite makes no range of an index out of "not".
                passed = bound.replace(" >= ", " < ").replace(" > ", " <= ")
                between = [Clause(bound, (last,)), Clause(passed, (value,))]
                found -= self.count([*clauses, *between], order)
            if len(self._counted) >= _KEPT:
                self._counted.clear()
            self._counted[key] = (value, version, found)
            return found

    def _by(self, clauses: Sequence[Clause], order: str | None) -> str:
        """Which index to use: SQLite itself believes that there are few records of a kind."""
        equal = {clause.sql.removesuffix(" = ?") for clause in clauses}
        for name, columns in self._indexes.items():
            rest = list(columns)
            while rest and rest[0] in equal:
                rest.pop(0)
            fits = len(rest) < len(columns) if order is None else order in _both_ways(rest)
            if fits:
                return f' indexed by "{name}"'
        return ""

    def _where(self, clauses: Sequence[Clause]) -> tuple[str, list[Any]]:
        # The number is written out: SQLite uses a partial index only for a constant.
        parts = [f"kind = {self._kind}", *(clause.sql for clause in clauses)]
        return " and ".join(parts), [value for clause in clauses for value in clause.values]


def _both_ways(columns: Sequence[str]) -> tuple[str, str]:
    """The order of an index, and the same read backwards."""
    back = [c.removesuffix(" desc") if c.endswith(" desc") else f"{c} desc" for c in columns]
    return ", ".join(columns), ", ".join(back)
