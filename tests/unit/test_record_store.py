"""The record store of the fakes: written at once or piece by piece, listed by its indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.bulk import MAX_PARTS, PartWriter, assemble
from connectors.testing.fakes.sql_list import Clause, SqlList, field, moment
from connectors.testing.store import Record, RecordStore

SINCE = f"{moment('changed')} >= ?"


def record(number: int, entity: str = "thing") -> Record:
    body = {"changed": f"2026-01-{number % 28 + 1:02d}T10:00:00Z", "even": number % 2 == 0}
    parent = f"p{number % 3}" if entity == "child" else None
    return Record("vendor", entity, f"r{number}", body, number, 1.5, 2.5, parent)


def stored(file: Path) -> list[tuple[object, ...]]:
    db = sqlite3.connect(file)
    rows = db.execute("select kind, sort, id, parent, body from record order by rowid").fetchall()
    db.close()
    return rows


def part(folder: Path, name: str, records: list[Record]) -> Path:
    with PartWriter(folder / name) as writer:
        writer.add(records)
    return folder / name


class ExplainingStore(RecordStore):
    """Notes how SQLite carries out what it is asked."""

    plans: tuple[str, ...] = ()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if sql.startswith("select"):
            plan = super().rows(f"explain query plan {sql}", values)
            self.plans += tuple(str(row[3]) for row in plan)
        return super().rows(sql, values)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExplainingStore]:
    store = ExplainingStore(tmp_path / "s.sqlite")
    store.put_many(record(number) for number in range(60))
    yield store
    store.close()


@pytest.fixture
def things(store: RecordStore) -> SqlList:
    return SqlList(store, "vendor", "thing", [(moment("changed"), "sort")])


def test_the_file_does_not_depend_on_its_parts(tmp_path: Path) -> None:
    everything = [*(record(n) for n in range(50)), *(record(n, "child") for n in range(9))]
    one = part(tmp_path, "one", everything)
    two = [part(tmp_path, "two", everything[1::2]), part(tmp_path, "three", everything[::-2])]
    assemble(tmp_path / "a.sqlite", [one])
    assemble(tmp_path / "b.sqlite", two)
    assert stored(tmp_path / "a.sqlite") == stored(tmp_path / "b.sqlite")
    store = RecordStore(tmp_path / "b.sqlite")
    assert list(store.query("vendor", "thing")) == everything[:50]
    assert [r.id for r in store.query("vendor", "child", parent="p1")] == ["r1", "r4", "r7"]
    store.close()


def test_an_id_that_occurs_twice_is_not_swallowed(tmp_path: Path) -> None:
    parts = [part(tmp_path, "one", [record(1)]), part(tmp_path, "two", [record(1)])]
    with pytest.raises(sqlite3.IntegrityError):
        assemble(tmp_path / "s.sqlite", parts)


def test_more_parts_than_sqlite_reads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 10"):
        assemble(tmp_path / "s.sqlite", [tmp_path / str(n) for n in range(MAX_PARTS + 1)])


def test_a_part_that_failed_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), PartWriter(tmp_path / "part") as writer:
        writer.add([record(1)])
        raise RuntimeError
    assemble(tmp_path / "s.sqlite", [tmp_path / "part"])
    assert stored(tmp_path / "s.sqlite") == []


def test_a_store_of_an_older_version_is_refused(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "s.sqlite")
    db.execute("create table record (vendor text, entity text, id text)")
    db.close()
    with pytest.raises(OSError, match="generate it anew"):
        RecordStore(tmp_path / "s.sqlite")


@pytest.mark.parametrize(
    ("back", "expected"), [("", ["r28", "r56", "r1"]), (" desc", ["r55", "r27", "r54"])]
)
def test_a_page_is_read_from_its_index(
    store: ExplainingStore, things: SqlList, back: str, expected: list[str]
) -> None:
    order = f"{moment('changed')}{back}, sort{back}"
    page = things.page([Clause(SINCE, (0,))], order, 3, 1 if not back else 0)
    assert [one.id for one in page] == expected
    assert len(store.plans) == 1, "sorted beside the index"
    assert "USING INDEX vendor thing 1" in store.plans[0]


def test_counting_on_from_a_bound_equals_counting_anew(
    store: ExplainingStore, things: SqlList
) -> None:
    store.put(replace(record(100), body={"even": True}))  # of no known time
    even = [Clause(f"{field('even')} = ?", (1,))]
    order = f"{moment('changed')}, sort"
    bounds = [None, 0, 10**15, 1_767_700_000_000_000, 1_768_300_000_000_000, 10**17, 0]
    for bound in bounds:
        anew = even if bound is None else [*even, Clause(SINCE, (bound,))]
        assert things.count_from(even, order, SINCE, bound) == things.count(anew), bound
    assert any("<expr>>? AND <expr><?" in plan for plan in store.plans), store.plans
