"""Cursors: what the next read asks for, and how far a mark may advance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from landing_tools import LINE, ORDER, START, Home, Shop, order, page, spec

from connectors.engine import backfill, reconcile
from connectors.errors import ContractError, SourceError
from connectors.landing.fields import as_moment, greater_mark, local_to_utc
from connectors.landing.state import SyncStates
from connectors.protocol import Column, Cursor


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_next_read_starts_at_the_mark_less_the_lookback(home: Home) -> None:
    home.sync(Shop([page(order(1, 90), order(2, 30))]))
    assert home.mark() == "2026-06-30T11:30:00+00:00"
    shop = Shop([])
    home.sync(shop)
    assert shop.requests[0].since == START - timedelta(minutes=90)
    assert shop.requests[0].mark == "2026-06-30T11:30:00+00:00"
    assert not shop.requests[0].full
    assert home.mark() == "2026-06-30T11:30:00+00:00", "nothing came, nothing moves"


def test_a_source_is_told_what_is_loaded_apart_from_what_is_landed(home: Home) -> None:
    first, second, third = Shop([page(order(1, 90))]), Shop([page(order(2, 30))]), Shop([])
    receipt = home.extract(first)
    home.clock.advance(60)
    home.extract(second)
    assert second.requests[0].mark == "2026-06-30T10:30:00+00:00"
    assert second.requests[0].loaded == {}
    home.load(first, receipt)
    home.clock.advance(60)
    home.extract(third)
    assert third.requests[0].mark == "2026-06-30T11:30:00+00:00"
    assert third.requests[0].loaded == {"order": "2026-06-30T10:30:00+00:00"}


def test_the_mark_never_goes_back(home: Home) -> None:
    home.sync(Shop([page(order(1, 10))]))
    home.sync(Shop([page(order(1, 50))]))
    assert home.mark() == "2026-06-30T11:50:00+00:00"


def test_the_mark_is_capped_at_the_servers_time_of_the_first_page(home: Home) -> None:
    """Page 1's row changed while page 2 was read: a mark beyond page 1's time would miss it."""
    first, later = START - timedelta(minutes=20), START - timedelta(minutes=1)
    pages = [
        page(order(1, 60), token="1", server_time=first),
        page(order(2, 5), token="2", server_time=later),
    ]
    home.sync(Shop(pages))
    assert home.mark() == first.isoformat()


def test_a_time_in_the_future_does_not_move_the_mark_past_now(home: Home) -> None:
    home.sync(Shop([page(order(1, 60), order(2, -60 * 24))]))
    assert home.mark() == START.isoformat()
    flags = home.query('select id, _is_future from shop."order" order by id')
    assert flags == [(1, False), (2, True)]


def test_a_resumed_read_keeps_the_first_servers_time(home: Home) -> None:
    first = START - timedelta(minutes=20)

    def feed(request: object) -> object:
        if getattr(request, "position", None) is None:
            yield page(order(1, 60), token="1", position="1", server_time=first)
            raise KeyboardInterrupt
        yield page(order(2, 5), token="2", position="2", server_time=START)

    shop = Shop(feed)
    with pytest.raises(KeyboardInterrupt):
        home.extract(shop)
    home.sync(shop)
    assert home.mark() == first.isoformat()


def test_local_times_become_utc_in_the_mark(home: Home) -> None:
    local = [spec(timezone="Europe/Berlin")]
    home.sync(Shop([page({"id": 1, "name": "a", "changed": "2026-06-30 13:30:00"})], local))
    assert home.mark() == "2026-06-30T11:30:00+00:00"


def test_created_only_reads_its_window_again(home: Home) -> None:
    window = Cursor("created_only", field="changed", lookback=timedelta(days=30))
    declared = [spec(cursor=window)]
    home.sync(Shop([page(order(1, 10))], declared))
    shop = Shop([], declared)
    home.sync(shop)
    assert shop.requests[0].since == START - timedelta(minutes=10, days=30)


def test_a_log_is_read_from_its_last_id(home: Home) -> None:
    declared = [spec(cursor=Cursor("append_log_id", field="id"))]
    home.sync(Shop([page(order(9)), page(order(10), token="2")], declared))
    assert home.mark() == "10"
    shop = Shop([page(order(3))], declared)
    home.sync(shop)
    assert (shop.requests[0].mark, shop.requests[0].since) == ("10", None)
    assert home.mark() == "10"


def test_an_event_log_keeps_the_sources_own_mark(home: Home) -> None:
    declared = [spec(cursor=Cursor("event_log"))]
    pages = [page(order(1), token="1", mark="evt_1"), page(order(2), token="2", mark="evt_2")]
    home.sync(Shop(pages, declared))
    assert home.mark() == "evt_2"
    home.sync(Shop([], declared))
    assert home.mark() == "evt_2"


def test_a_server_time_as_mark_is_that_of_the_first_page(home: Home) -> None:
    declared = [spec(cursor=Cursor("updated_since", lookback=timedelta(minutes=5)))]
    pages = [
        page(order(1), token="1", mark="2026-06-30T11:00:00Z"),
        page(order(2), token="2", mark="2026-06-30T11:09:00Z"),
    ]
    home.sync(Shop(pages, declared))
    shop = Shop([], declared)
    home.sync(shop)
    assert shop.requests[0].since == datetime(2026, 6, 30, 10, 55, tzinfo=UTC)


def test_full_streams_are_read_in_full_each_time(home: Home) -> None:
    declared = [spec(cursor=Cursor("full"))]
    home.sync(Shop([page(order(1))], declared))
    shop = Shop([page(order(1))], declared)
    receipt = home.sync(shop)
    assert shop.requests[0].full
    assert receipt.unchanged["order"] == 1


def test_an_explicit_slice_leaves_the_mark_alone(home: Home) -> None:
    home.sync(Shop([page(order(1, 60))]))
    mark = home.mark()
    shop = Shop([page(order(2, 1))])
    receipts = list(
        backfill(
            shop,
            "order",
            landing=home.landing,
            states=SyncStates(home.raw),
            since=START - timedelta(days=50),
            until=START,
            window=timedelta(days=20),
            clock=home.clock,
        )
    )
    assert [(START - r.since).days for r in shop.requests if r.since] == [50, 30, 10]
    assert shop.requests[-1].until == START
    for receipt in receipts:
        home.load(shop, receipt)
    assert home.mark() == mark
    assert [row[0] for row in home.current("id")] == [1, 2]
    after = Shop([])
    home.extract(after)
    assert after.requests[0].mark == mark


def test_a_landed_batch_is_not_fetched_again_before_it_is_loaded(home: Home) -> None:
    first = home.extract(Shop([page(order(1, 60))]))
    assert home.mark() is None
    shop = Shop([page(order(2, 30))])
    second = home.extract(shop)
    assert shop.requests[0].mark == "2026-06-30T11:00:00+00:00"
    home.load(shop, first)
    home.load(shop, second)
    assert home.mark() == "2026-06-30T11:30:00+00:00"


def test_a_refused_batch_is_read_again_and_nothing_follows_it(home: Home) -> None:
    bad = Shop([page(*(order(n, 60, id="x") for n in range(9)))])
    first = home.extract(bad)
    second = home.extract(Shop([page(order(2, 30))]))
    with pytest.raises(ContractError):
        home.load(bad, first)
    with pytest.raises(SourceError, match="earlier batch was set aside"):
        home.load(bad, second)
    shop = Shop([page(order(1, 60), order(2, 30))])
    home.sync(shop)
    assert shop.requests[0].full
    assert len(home.current()) == 2


def test_keys_are_compared_when_due(home: Home) -> None:
    declared = [spec(deletes="id_reconcile")]
    home.sync(Shop([page(order(1), order(2))], declared))
    shop = Shop([], declared, ids=[[(1,)]])
    assert home.sync(shop).deleted["order"] == 1
    home.sync(shop)
    assert shop.asked_ids == 1, "not every night"
    home.sync(shop, reconcile="always")
    home.clock.advance(8 * 86400)
    home.sync(shop)
    assert shop.asked_ids == 3
    home.sync(shop, reconcile="never")
    assert shop.asked_ids == 3


def test_full_streams_compare_keys_every_time(home: Home) -> None:
    declared = [spec(cursor=Cursor("full"), deletes="id_reconcile")]
    home.sync(Shop([page(order(1), order(2))], declared, ids=[[(1,), (2,)]]))
    assert home.sync(Shop([page(order(1))], declared, ids=[[(1,)]])).deleted["order"] == 1


def test_reconcile_alone(home: Home) -> None:
    declared = [spec(deletes="id_reconcile")]
    home.sync(Shop([page(order(1), order(2))], declared))
    mark, shop = home.mark(), Shop([], declared, ids=[[(2,)]])
    receipt = reconcile(shop, "order", landing=home.landing, clock=home.clock)
    assert home.load(shop, receipt).deleted["order"] == 1
    assert home.mark() == mark
    with pytest.raises(SourceError, match="not by comparing keys"):
        reconcile(Shop(), "order", landing=home.landing)


@pytest.mark.parametrize(
    ("left", "right", "greater"),
    [
        (None, None, None),
        ("9", "10", "10"),
        ("2026-01-01T00:00:00+00:00", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00+02:00", "2025-12-31T23:00:00Z", "2025-12-31T23:00:00Z"),
        ("evt_9", "evt_1", "evt_1"),
        ("x", None, "x"),
    ],
)
def test_greater_mark(left: str | None, right: str | None, greater: str | None) -> None:
    assert greater_mark(left, right) == greater


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-03-29 01:59:59", "2026-03-29T00:59:59"),
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00"),  # does not exist: winter time counts
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00"),
        ("2026-10-25 02:30:00", "2026-10-25T01:30:00"),  # exists twice: winter time counts
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00"),
        ("2026-07-01 12:00:00", "2026-07-01T10:00:00"),
    ],
)
def test_local_times_at_a_clock_change(local: str, utc: str) -> None:
    moment = local_to_utc(datetime.fromisoformat(local), "Europe/Berlin")
    assert moment.isoformat() == f"{utc}+00:00"


def test_moments() -> None:
    assert as_moment(1_780_000_000, Column("unix"), "UTC") == datetime(
        2026, 5, 28, 20, 26, 40, tzinfo=UTC
    )
    assert as_moment("2026-01-01T00:00:00Z", Column("timestamp"), "Europe/Berlin") == datetime(
        2026, 1, 1, tzinfo=UTC
    )
    for nothing in (None, "", "soon", True, {}):
        assert as_moment(nothing, Column("timestamp"), "UTC") is None
    assert as_moment("x", Column("unix"), "UTC") is None


def test_children_are_not_streams_of_their_own(home: Home) -> None:
    home.sync(Shop([page(order(1, 60))], [ORDER, LINE]))
    assert SyncStates(home.raw).get("shop", "line") is None
