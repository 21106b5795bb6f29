"""A batch that is loaded in parts: nothing differs from one that is loaded at once, but memory."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from landing_tools import LINE, START, Home, Shop, order, page, spec

from connectors.errors import ContractError
from connectors.landing import loader
from connectors.protocol import Column, Page


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr("connectors.landing.whole.PART_ROWS", 2)
    return Home(tmp_path)


def test_every_page_arrives_and_a_later_one_wins(home: Home) -> None:
    pages = [page(order(n, 60), order(n + 1, 60), token=str(n)) for n in (1, 3, 5)]
    again = page(order(2, 50) | {"name": "renamed while we read"}, token="7")
    receipt = home.sync(Shop([*pages, again]))
    assert receipt.inserted["order"] == 6
    assert receipt.updated["order"] == 1
    assert len(home.current()) == 6
    assert (2, "renamed while we read") in home.current()


def test_an_older_version_in_a_later_part_changes_nothing(home: Home) -> None:
    newer = page(order(1, 10) | {"name": "newer"}, order(2, 60), token="1")
    receipt = home.sync(Shop([newer, page(order(1, 60), token="2")]))
    assert receipt.updated["order"] == 0
    assert home.current() == [(1, "newer"), (2, "order 2")]


def test_bad_rows_are_counted_over_the_whole_batch(home: Home) -> None:
    """Two in every part would pass a part's own count of three, six in twelve do not."""
    rows = [order(n, 60) | ({"changed": "soon"} if n % 2 else {}) for n in range(12)]
    pages = [page(*rows[n : n + 2], token=str(n)) for n in range(0, 12, 2)]
    with pytest.raises(ContractError, match=r"6 of 12 rows .* a date and time \(6\)"):
        home.sync(Shop(pages))
    assert home.current() == []
    assert home.mark() is None
    few = [page(*(rows[1], rows[2]), token="1"), page(rows[4], rows[6], token="2")]
    receipt = home.sync(Shop(few))
    assert receipt.quarantined["order"] == 1
    assert len(home.query("select * from _journey.quarantine")) == 1


def test_a_renamed_key_is_found_whatever_part_it_is_in(home: Home) -> None:
    home.sync(Shop([page(order(1, 60), order(2, 60))]))
    renamed = [
        page({"id": n, "title": "x", "changed": order(n, 30)["changed"]}, token=str(n))
        for n in range(1, 5)
    ]
    with pytest.raises(ContractError, match="no row has name; unknown title"):
        home.sync(Shop(renamed))
    assert home.current() == [(1, "order 1"), (2, "order 2")]


def test_a_nested_value_in_one_part_only_is_not_missing(home: Home) -> None:
    declared = spec(columns={**spec().columns, "city": Column("string", path="address.city")})
    pages = [
        page(order(1, 60, address={"city": "Ulm"}), order(2, 60, address={}), token="1"),
        page(order(3, 60, address={}), order(4, 60, address={}), token="2"),
    ]
    receipt = home.sync(Shop(pages, [declared, LINE]))
    assert "order" not in receipt.missing
    gone = [page(order(n, 50, address={}), token=str(n)) for n in (1, 2, 3)]
    receipt = home.sync(Shop(gone, [declared, LINE]))
    assert receipt.missing["order"] == ["city"]


def test_children_are_replaced_and_buried_part_by_part(home: Home) -> None:
    family = [spec(deletes="id_reconcile"), LINE]

    def lines(parent: int, *numbers: int) -> list[dict[str, int]]:
        return [{"order": parent, "no": no, "amount": 1} for no in numbers]

    def one(parent: int, minute: int, *numbers: int) -> Page:
        rows = {"order": [order(parent, minute)], "line": lines(parent, *numbers)}
        return Page(rows, token=str(parent))

    home.sync(Shop([one(n, 60, 1, 2) for n in (1, 2, 3)], family))
    receipt = home.sync(
        Shop([one(1, 50, 1), one(2, 50, 1, 2)], family, ids=[[(1,), (2,)]]), reconcile="always"
    )
    assert receipt.deleted == {"order": 1, "line": 3}
    assert home.current("order_id, no", "shop.line") == [(1, 1), (2, 1), (2, 2)]


def test_a_deletion_reported_in_one_part_and_taken_back_in_the_next(home: Home) -> None:
    pages = [
        page(order(1, 60), order(2, 60), token="1", deleted={"order": [(1,), (2,)]}),
        page(order(1, 50), token="2"),
    ]
    home.sync(Shop(pages))
    assert home.current() == [(1, "order 1")]


def test_more_memory_is_taken_only_when_it_must_be(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    real = loader.BatchMerge.run

    def tight(self: loader.BatchMerge) -> object:
        ((limit,),) = self._db.execute("select current_setting('memory_limit')").fetchall()
        tried.append(limit)
        if len(tried) == 1:
            raise duckdb.OutOfMemoryException("failed to allocate")
        return real(self)

    monkeypatch.setattr(loader.BatchMerge, "run", tight)
    home.sync(Shop([page(order(1, 60))]))
    assert home.current() == [(1, "order 1")]
    assert len(tried) == 2
    assert tried[0] != tried[1]
    assert home.mark() == START.replace(hour=11).isoformat()
