"""The engine reads, resumes, and refuses what can not be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from landing_tools import LINE, ORDER, Home, Shop, order, page, spec

from connectors.engine import NO_NEW_DATA, extract_source, spec_of
from connectors.errors import (
    AlreadyRunning,
    LoopError,
    RetryableError,
    ShortReadError,
    SourceError,
)
from connectors.http.client import Usage
from connectors.landing.state import SyncStates
from connectors.protocol import Cursor, Page, Request


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def keyset(request: Request, *, fail_at: int = 0, last: int = 5) -> Iterator[Page]:
    """One order per page, ids 1..last; breaks before page `fail_at`."""
    for number in range(int(request.position or 0) + 1, last + 1):
        if number == fail_at:
            raise RetryableError("the connection broke.")
        yield page(order(number), token=str(number - 1), position=str(number))


def test_receipt_counts_rows_of_all_streams(home: Home) -> None:
    lines = [{"order": 1, "no": n, "amount": 100} for n in (1, 2)]
    receipt = home.extract(Shop([Page({"order": [order(1)], "line": lines})]))
    assert receipt.rows == {"order": 1, "line": 2}
    assert receipt.bytes > 0
    assert receipt.requests == 1
    assert not receipt.resumed
    assert receipt.skipped_reason is None


def test_no_new_data_is_a_state_of_its_own(home: Home) -> None:
    receipt = home.extract(Shop([]))
    assert receipt.skipped_reason == NO_NEW_DATA
    assert receipt.batch_id is not None
    home.load(Shop([]), receipt)
    assert home.extract(Shop([page()])).skipped_reason == NO_NEW_DATA


def test_a_broken_read_goes_on_where_it_stopped(home: Home) -> None:
    broken = Shop(lambda request: keyset(request, fail_at=4))
    with pytest.raises(RetryableError) as caught:
        home.extract(broken)
    assert str(caught.value).startswith("shop.order: ")
    whole = Shop(keyset)
    receipt = home.extract(whole)
    assert receipt.resumed
    assert whole.requests[0].position == "3"
    assert receipt.rows["order"] == 5
    home.load(whole, receipt)
    assert [row[0] for row in home.current("id")] == [1, 2, 3, 4, 5]


def test_without_a_position_the_slice_starts_again(home: Home) -> None:
    def feed(request: Request) -> Iterator[Page]:
        yield page(order(1))
        if not again:
            raise RetryableError("broke")
        yield page(order(2))

    again: list[int] = []
    with pytest.raises(RetryableError):
        home.extract(Shop(feed))
    again.append(1)
    receipt = home.extract(Shop(feed))
    assert not receipt.resumed
    assert receipt.rows["order"] == 2


def test_a_position_the_vendor_forgot_starts_the_slice_again(home: Home) -> None:
    with pytest.raises(RetryableError):
        home.extract(Shop(lambda request: keyset(request, fail_at=4)))

    def feed(request: Request) -> Iterator[Page]:
        if request.position:
            raise SourceError("this token has expired.")
        yield from keyset(request)

    shop = Shop(feed)
    receipt = home.extract(shop)
    assert [r.position for r in shop.requests] == ["3", None]
    assert receipt.rows["order"] == 5


def test_a_changed_wish_does_not_resume(home: Home) -> None:
    home.sync(Shop([page(order(1))]))
    with pytest.raises(RetryableError):
        home.extract(Shop(lambda request: keyset(request, fail_at=3)))
    shop = Shop(keyset)
    receipt = home.extract(shop, full=True)
    assert not receipt.resumed
    assert shop.requests[0].position is None


def test_a_token_loop_stops_and_leaves_nothing(home: Home) -> None:
    def feed(_: Request) -> Iterator[Page]:
        for number in range(100):
            yield page(order(number), token="abc" if number % 3 == 2 else str(number))

    with pytest.raises(LoopError, match="'abc'"):
        home.extract(Shop(feed))
    assert home.landing.unfinished("shop", "order") is None


def test_the_same_page_for_ever_is_a_loop(home: Home) -> None:
    def feed(_: Request) -> Iterator[Page]:
        for number in range(100):
            yield page(order(1), token=str(number))

    with pytest.raises(LoopError):
        home.extract(Shop(feed))


def test_a_log_that_tells_of_one_record_again_and_again_gets_on(home: Home) -> None:
    def feed(_: Request) -> Iterator[Page]:
        for number in range(5):
            yield page(order(1), token=f"@{number}", mark=str(number))

    log = spec(cursor=Cursor("event_log"))
    assert home.extract(Shop(feed, [log])).rows["order"] == 5


def test_fewer_rows_than_promised_is_an_error(home: Home) -> None:
    pages = [
        page(order(1), order(2), token="1", expected_total=5),
        page(order(2), order(3), token="2", expected_total=4),
    ]
    with pytest.raises(ShortReadError, match="read 3 different rows, but the service counts 4"):
        home.extract(Shop(pages))
    assert home.landing.batches("shop") == []
    fine = [pages[0], page(order(3), order(4), token="2", expected_total=4)]
    assert home.extract(Shop(fine)).rows["order"] == 4


@pytest.mark.parametrize("pages", [[], [page()]])
def test_an_empty_source_is_an_error_where_it_can_not_be(home: Home, pages: list[Page]) -> None:
    strict = [spec(empty_first_page="error")]
    with pytest.raises(SourceError, match="never empty"):
        home.extract(Shop(pages, strict))
    home.extract(Shop([page(order(1))], strict))
    assert home.extract(Shop(pages, strict)).skipped_reason == NO_NEW_DATA


def test_an_empty_page_is_not_the_end(home: Home) -> None:
    pages = [page(order(1), token="1"), page(token="2"), page(order(2), token="3")]
    assert home.extract(Shop(pages)).rows["order"] == 2


def test_a_failing_stream_is_named_and_the_others_go_on(home: Home) -> None:
    other = spec(name="visit")

    def feed(request: Request) -> Iterator[Page]:
        if request.stream == "order":
            raise SourceError("no such report.")
        yield page(order(1), stream="visit")

    receipts = extract_source(
        Shop(feed, [ORDER, LINE, other]), landing=home.landing, states=SyncStates(home.raw)
    )
    assert [(r.stream, r.error is None) for r in receipts] == [("order", False), ("visit", True)]
    assert str(receipts[0].error) == "shop.order: no such report."


def test_rows_of_an_undeclared_stream_are_refused(home: Home) -> None:
    with pytest.raises(SourceError, match="no stream declares"):
        home.extract(Shop([page({"x": 1}, stream="parcel")]))


def test_only_own_streams_can_be_read() -> None:
    with pytest.raises(SourceError, match="there is no stream 'x'"):
        spec_of(Shop(), "x")
    with pytest.raises(SourceError, match="together with 'order'"):
        spec_of(Shop(), LINE.name)


def test_one_reader_per_stream(home: Home) -> None:
    def feed(_: Request) -> Iterator[Page]:
        with pytest.raises(AlreadyRunning, match=r"already reading shop\.order .*process"):
            home.extract(Shop([]))
        yield page(order(1))

    assert home.extract(Shop(feed)).rows["order"] == 1


def test_requests_are_those_the_source_counted(home: Home) -> None:
    class Counting(Shop):
        usage = Usage(requests=7)

        def pages(self, request: Request) -> Iterator[Page]:
            self.usage.requests += 3
            yield page(order(1))

    assert home.extract(Counting()).requests == 3
