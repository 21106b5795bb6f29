"""Merging: one current version per key, its history kept, nothing twice, nothing lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landing_tools import LINE, ORDER, START, Home, Shop, order, page, spec

from connectors.engine import BatchReceipt
from connectors.errors import AlreadyRunning, ContractError, SourceError
from connectors.landing import drift
from connectors.landing.loader import Loader
from connectors.landing.state import SyncStates, read_states
from connectors.protocol import Column, Cursor, Page

HISTORY = 'select id, name, _known_from, _known_to, _is_deleted from shop."order" order by 1, 3'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def hours(number: int) -> datetime:
    return (START + timedelta(hours=number)).replace(tzinfo=None)


def test_every_version_is_kept(home: Home) -> None:
    home.sync(Shop([page(order(1, 60), order(2, 60))]))
    receipt = home.sync(Shop([page(order(1, 30, name="new"), order(2, 60), order(3, 30))]))
    assert (receipt.inserted["order"], receipt.updated["order"], receipt.unchanged["order"]) == (
        1,
        1,
        1,
    )
    assert home.query(HISTORY) == [
        (1, "order 1", hours(0), hours(1), False),
        (1, "new", hours(1), None, False),
        (2, "order 2", hours(0), None, False),
        (3, "order 3", hours(1), None, False),
    ]
    first = home.query('select distinct _first_known_at from shop."order" where id = 1')
    assert first == [(hours(0),)]
    updated = home.query("select _source_updated_at from shop.\"order\" where name = 'new'")
    assert updated == [(datetime.fromisoformat("2026-06-30T11:30:00"),)]


def test_versions_never_overlap_when_the_clock_stands_still(home: Home) -> None:
    for name in ("a", "b", "c"):
        shop = Shop([page(order(1, 10, name=name))])
        home.load(shop, home.extract(shop))
    rows = home.query(HISTORY)
    assert [row[1] for row in rows] == ["a", "b", "c"]
    assert rows[0][3] == rows[1][2]
    assert rows[1][3] == rows[2][2]
    assert rows[0][2] < rows[1][2] < rows[2][2]


def test_the_latest_version_wins_whatever_the_order(home: Home) -> None:
    pages = [
        page(order(1, 10, name="newest"), order(2, 50), token="1"),
        page(order(1, 30, name="older"), order(2, 40, name="later"), token="2"),
    ]
    receipt = home.sync(Shop(pages))
    assert home.current() == [(1, "newest"), (2, "later")]
    assert receipt.duplicates["order"] == 2
    assert receipt.quarantined["order"] == 0


def test_of_equal_versions_the_later_reading_wins(home: Home) -> None:
    pages = [page(order(1, 10, name="a"), token="1"), page(order(1, 10, name="b"), token="2")]
    home.sync(Shop(pages))
    assert home.current() == [(1, "b")]


def test_contradicting_rows_of_one_page_are_set_aside(home: Home) -> None:
    rows = [order(n, 10) for n in range(2, 9)]
    receipt = home.sync(Shop([page(order(1, 10, name="a"), order(1, 10, name="b"), *rows)]))
    assert home.query("select reason from _journey.quarantine") == [("duplicate primary key",)]
    assert receipt.quarantined["order"] == 1
    assert len(home.current()) == 8
    same = home.sync(Shop([page(order(9, 5), order(9, 5))]))
    assert same.quarantined["order"] == 0


def test_rows_without_a_key_are_set_aside(home: Home) -> None:
    rows = [order(n) for n in range(1, 8)]
    receipt = home.sync(Shop([page(order(0, id=None), *rows)]))
    assert receipt.quarantined["order"] == 1
    reasons = home.query("select reason from _journey.quarantine")
    assert reasons == [("primary key id is null",)]


@pytest.mark.parametrize(
    ("rows", "bad", "share", "passes"),
    [
        (100, 1, 0.01, True),
        (100, 3, 0.01, True),
        (100, 4, 0.01, False),
        (1000, 10, 0.01, True),
        (1000, 11, 0.01, False),
        (1, 1, 0.01, False),
        (2, 1, 0.01, True),
        (4, 3, 0.01, False),
        (100, 1, 0.0, False),
        (10, 5, 0.5, True),
    ],
)
def test_too_many_bad_rows_fail_the_load(
    home: Home, rows: int, bad: int, share: float, passes: bool
) -> None:
    declared = [spec(quarantine_share=share)]
    sent = [order(n, id="x" if n < bad else n) for n in range(rows)]
    shop = Shop([page(*sent)], declared)
    receipt = home.extract(shop)
    if passes:
        assert home.load(shop, receipt).quarantined["order"] == bad
        return
    with pytest.raises(ContractError, match=rf"{bad} of {rows} rows .* id is not a whole number"):
        home.load(shop, receipt)
    assert home.query('select count(*) from shop."order"') == [(0,)]
    assert home.query("select count(*) from _journey.quarantine") == [(0,)]
    assert home.mark() is None


def test_an_older_version_changes_nothing(home: Home) -> None:
    home.sync(Shop([page(order(1, 10, name="new"))]))
    receipt = home.sync(Shop([page(order(1, 50, name="old"))]))
    assert receipt.unchanged["order"] == 1
    assert home.current() == [(1, "new")]


def test_a_batch_is_loaded_once(home: Home) -> None:
    shop = Shop([page(order(1))])
    receipt = home.extract(shop)
    first = home.load(shop, receipt)
    again = home.load(shop, receipt)
    assert not first.already_loaded
    assert again.already_loaded
    assert again.inserted == first.inserted
    assert len(home.query(HISTORY)) == 1


def test_replay_brings_landed_batches_again(home: Home) -> None:
    shop = Shop([page(order(1), order(2), order(3, id="x"))])
    receipt = home.extract(shop)
    home.load(shop, receipt)
    db = duckdb.connect(str(home.raw))
    db.execute('delete from shop."order"')
    db.close()
    mark = home.mark()
    home.load(shop, receipt, replay=True)
    assert len(home.current()) == 2
    assert home.mark() == mark
    assert home.query("select count(*) from _journey.quarantine") == [(1,)]


def test_rows_and_mark_are_one_transaction(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.sync(Shop([page(order(1, 60))]))
    shop = Shop([page(order(1, 30, name="new"), order(2, 30), order(3, 30, id="bad"))])
    receipt = home.extract(shop)

    def full_disk(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(drift, "record", full_disk)
        with pytest.raises(OSError, match="No space"):
            home.load(shop, receipt)
    assert home.current() == [(1, "order 1")]
    assert home.mark() == "2026-06-30T11:00:00+00:00"
    assert home.query("select count(*) from _journey.quarantine") == [(0,)]
    home.load(shop, receipt)
    assert home.current() == [(1, "new"), (2, "order 2")]


def test_flagged_rows_become_tombstones_and_come_back(home: Home) -> None:
    declared = [spec(deletes="flag", deleted_when="gone")]

    def send(minute: int, **more: Any) -> Any:
        return home.sync(Shop([page(order(1, minute, **more), order(2, minute))], declared))

    send(60, gone=False)
    assert send(50, gone=True).deleted["order"] == 1
    assert home.current() == [(2, "order 2")]
    assert send(40, gone=True).deleted["order"] == 0
    assert send(30, gone=False).updated["order"] == 2
    assert home.current() == [(1, "order 1"), (2, "order 2")]


def test_reported_deletes_become_tombstones(home: Home) -> None:
    declared = [spec(cursor=Cursor("event_log"), deletes="tombstone")]
    home.sync(Shop([page(order(1), order(2), order(3))], declared))
    pages = [
        Page({"order": [order(1, name="x")]}, token="1", deleted={"order": [("3",)]}),
        Page({"order": [order(3, name="back")]}, token="2", deleted={"order": [("1",), ("99",)]}),
    ]
    receipt = home.sync(Shop(pages, declared))
    assert receipt.deleted["order"] == 1
    assert home.current() == [(2, "order 2"), (3, "back")]


def test_missing_keys_become_tombstones(home: Home) -> None:
    declared = [spec(deletes="id_reconcile")]
    home.sync(Shop([page(*(order(n) for n in range(1, 6)))], declared))
    shop = Shop([], declared, ids=[[(1,), (2,)], [(5,), (77,)]])
    assert home.sync(shop, reconcile="always").deleted["order"] == 2
    assert [row[0] for row in home.current("id")] == [1, 2, 5]
    assert home.sync(shop, reconcile="always").deleted["order"] == 0


def test_an_empty_list_of_keys_deletes_nothing(home: Home) -> None:
    declared = [spec(deletes="id_reconcile")]
    home.sync(Shop([page(order(1))], declared))
    shop = Shop([], declared, ids=[])
    with pytest.raises(SourceError, match="lists no keys at all, but 1 rows are known"):
        home.sync(shop, reconcile="always")
    assert home.current() == [(1, "order 1")]


def test_children_that_a_parent_lost_become_tombstones(home: Home) -> None:
    def lines(parent: int, *numbers: int) -> list[dict[str, int]]:
        return [{"order": parent, "no": number, "amount": 1} for number in numbers]

    def current() -> list[Any]:
        return home.current("order_id, no", "shop.line")

    both = lines(1, 1, 2) + lines(2, 1)
    home.sync(Shop([Page({"order": [order(1, 60), order(2, 60)], "line": both})]))
    receipt = home.sync(Shop([Page({"order": [order(1, 50)], "line": lines(1, 2, 3)})]))
    assert receipt.deleted["line"] == 1
    assert current() == [(1, 2), (1, 3), (2, 1)]
    spoiled = [{"order": 1, "no": 2, "amount": "x"}, *lines(1, 3)]
    receipt = home.sync(Shop([Page({"order": [order(1, 40)], "line": spoiled})]))
    assert receipt.quarantined["line"] == 1
    assert current() == [(1, 2), (1, 3), (2, 1)], "a row that can not be read is not gone"


def test_children_go_with_their_parent(home: Home) -> None:
    family = [spec(deletes="id_reconcile"), LINE]
    rows = [{"order": n, "no": 1, "amount": 1} for n in (1, 2)]
    home.sync(Shop([Page({"order": [order(1), order(2)], "line": rows})], family))
    receipt = home.sync(Shop([], family, ids=[[(2,)]]), reconcile="always")
    assert receipt.deleted == {"order": 1, "line": 1}
    assert home.current("order_id", "shop.line") == [(2,)]


def test_unknown_keys_are_kept_and_reported_once(home: Home) -> None:
    receipt = home.sync(Shop([page(order(1, 60, color="red", size=None), order(2, 60))]))
    assert receipt.unknown["order"] == ["color", "size"]
    assert receipt.warnings == ["order: new keys color, size, kept in _extra"]
    assert home.current("id, _extra") == [(1, '{"color":"red","size":null}'), (2, None)]
    receipt = home.sync(Shop([page(order(1, 50, color="blue"))]))
    assert receipt.warnings == []
    assert receipt.updated["order"] == 1
    names = home.query("select kind, name from _journey.drift order by 2")
    assert names == [("unknown", "color"), ("unknown", "size")]


def test_a_renamed_key_fails_by_name_and_the_old_data_stays(home: Home) -> None:
    home.sync(Shop([page(order(1, 60), order(2, 60))]))
    rows = [{"id": 1, "title": "new", "changed": order(1, 30)["changed"]}]
    with pytest.raises(ContractError, match="no row has name; unknown title"):
        home.sync(Shop([page(*rows)]))
    assert home.current() == [(1, "order 1"), (2, "order 2")]


def test_a_key_that_stays_away_is_a_warning(home: Home) -> None:
    home.sync(Shop([page(order(1, 60))]))
    row = {"id": 2, "changed": order(2, 50)["changed"]}
    receipt = home.sync(Shop([page(row)]))
    assert receipt.missing["order"] == ["name"]
    assert receipt.warnings == ["order: no row has name any more"]


def test_a_frozen_contract_allows_neither(home: Home) -> None:
    declared = [spec(contract="freeze")]
    home.sync(Shop([page(order(1, 60))], declared))
    with pytest.raises(ContractError, match="unknown color"):
        home.sync(Shop([page(order(1, 50, color="red"))], declared))
    row = {"id": 2, "changed": order(2, 50)["changed"]}
    with pytest.raises(ContractError, match="no row has name"):
        home.sync(Shop([page(row)], declared))
    home.sync(Shop([], declared))


def test_a_missing_primary_key_is_named(home: Home) -> None:
    shop = Shop([page({"number": 1, "name": "a"})])
    with pytest.raises(ContractError, match="primary key id is in none of 1 rows"):
        home.sync(shop)


def test_a_record_that_can_not_be_taken_is_set_aside(home: Home) -> None:
    rows = [order(n, 10) for n in range(2, 9)]
    receipt = home.sync(Shop([page(order(1, 10, x=object()), *rows)]))
    assert receipt.quarantined["order"] == 1
    ((reason,),) = home.query("select reason from _journey.quarantine")
    assert reason == "holds a value that is not JSON"


def test_ensure_creates_typed_tables_that_stay(home: Home) -> None:
    home.loader.ensure("shop", [ORDER, LINE])
    home.loader.ensure("shop", [ORDER, LINE])
    types = dict(
        home.query(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = 'shop' and table_name = 'line'"
        )
    )
    assert types["amount"] == "BIGINT"
    assert list(types)[-9:] == [
        *("_extra", "_row_hash", "_source_updated_at", "_first_known_at", "_known_from"),
        *("_known_to", "_is_deleted", "_is_future", "_batch_id"),
    ]


def test_a_second_loader_is_told_who_is_at_work(home: Home) -> None:
    with (
        home.loader._connection(),
        pytest.raises(AlreadyRunning, match=r"already loading into raw.duckdb \(process \d+ on"),
    ):
        Loader(home.raw).ensure("shop", [ORDER])
    Loader(home.raw).ensure("shop", [ORDER])


def test_a_reader_in_the_way_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: Any, **__: Any) -> None:
        raise duckdb.IOException("IO Error: Could not set lock on file")

    monkeypatch.setattr(duckdb, "connect", locked)
    with pytest.raises(SourceError, match=r"can not be opened for writing: .*set lock"):
        home.loader.ensure("shop", [ORDER])


def test_states(home: Home) -> None:
    assert read_states(home.raw) == {}
    home.loader.ensure("shop", [ORDER])
    states = SyncStates(home.raw)
    assert states.get("shop", "order") is None
    home.sync(Shop([page(order(1, 60))]))
    assert states.get("shop", "order") is None, "a snapshot stays what it was"
    states.refresh()
    state = states.get("shop", "order")
    assert state is not None
    assert state.full_at == START
    assert state.reconciled_at is None


def test_load_pending_takes_everything_that_waits(home: Home) -> None:
    shops = [Shop([page(order(n, 60 - n))]) for n in (1, 2, 3)]
    receipts: list[BatchReceipt] = [home.extract(shop) for shop in shops]
    home.load(shops[0], receipts[0])
    done = home.loader.load_pending(home.landing, "shop", [ORDER, LINE])
    assert [getattr(item, "batch_id", item) for item in done] == [
        receipt.batch_id for receipt in receipts[1:]
    ]
    assert len(home.current()) == 3
    assert home.loader.load_pending(home.landing, "shop", [ORDER, LINE]) == []


def test_names_in_sql_are_quoted(home: Home) -> None:
    declared = spec(
        name="select",
        columns={"id": Column("integer"), "order": Column("string", path="x'y\"z")},
        cursor=Cursor("full"),
    )
    home.sync(Shop([page({"id": 1, "x'y\"z": "v"}, stream="select")], [declared]), "select")
    assert home.current('"order"', 'shop."select"') == [("v",)]
    evil = spec(columns={"id": Column("integer"), 'x"; drop table y; --': Column("string")})
    with pytest.raises(ContractError, match="not a usable column"):
        home.loader.ensure("shop", [evil])
