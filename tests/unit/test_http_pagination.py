"""Paginators: the end is where the vendor says, and circles are errors."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import LoopError, ShortReadError, SourceError
from connectors.http.pagination import (
    LoopGuard,
    PageAnswer,
    follow,
    keyset_pages,
    link_pages,
    offset_pages,
    token_pages,
)

ROWS = [{"id": number} for number in range(1, 26)]


def _ids(pages: Any) -> list[int]:
    return [row["id"] for _, page in pages for row in page.records]


@pytest.mark.parametrize("with_total", [True, False])
def test_offset_reads_everything(with_total: bool) -> None:
    def fetch(offset: int, limit: int) -> PageAnswer:
        return PageAnswer(ROWS[offset : offset + limit], total=25 if with_total else None)

    assert _ids(offset_pages(fetch, size=10)) == list(range(1, 26))
    assert _ids(offset_pages(fetch, size=10, start=20)) == [21, 22, 23, 24, 25]


def test_offset_goes_on_past_an_empty_page_below_the_total() -> None:
    def fetch(offset: int, limit: int) -> PageAnswer:
        return PageAnswer([] if offset == 10 else ROWS[offset : offset + limit], total=25)

    with pytest.raises(ShortReadError, match="read 15 rows, but the service counts 25"):
        _ids(offset_pages(fetch, size=10))


def test_an_ignored_offset_is_a_loop() -> None:
    with pytest.raises(LoopError, match="same as the two before"):
        _ids(offset_pages(lambda _offset, limit: PageAnswer(ROWS[:limit]), size=10))


def test_keyset_reads_everything_and_resumes() -> None:
    def fetch(after: str | None, limit: int) -> PageAnswer:
        later = [row for row in ROWS if row["id"] > int(after or 0)]
        return PageAnswer(later[:limit])

    def key(row: Any) -> str:
        return str(row["id"])

    assert _ids(keyset_pages(fetch, size=10, key=key)) == list(range(1, 26))
    assert _ids(keyset_pages(fetch, size=10, key=key, start="20")) == [21, 22, 23, 24, 25]


def test_tokens_and_links_end_only_without_a_next() -> None:
    book = {None: ("a", ROWS[:2]), "a": ("b", []), "b": (None, ROWS[2:3])}

    def fetch(token: str | None) -> PageAnswer:
        following, rows = book[token]
        return PageAnswer(rows, following)

    assert _ids(token_pages(fetch)) == [1, 2, 3]
    links = {"/1": PageAnswer(ROWS[:1], "/2"), "/2": PageAnswer(ROWS[1:2])}
    assert _ids(link_pages(links.__getitem__, first="/1")) == [1, 2]


def test_a_repeated_token_is_named() -> None:
    book = {None: "a", "a": "b", "b": "a"}
    seen = iter(range(100))
    with pytest.raises(LoopError, match="'a'"):
        _ids(token_pages(lambda token: PageAnswer([{"id": next(seen)}], book[token])))


def test_one_repeated_page_is_forgiven_three_are_not() -> None:
    guard = LoopGuard()
    guard.check("1", "same")
    guard.check("2", "same")
    guard.check("3", "other")
    guard.check("4", "")
    guard.check("5", "")
    guard.check("6", "")
    guard.check("7", "x")
    guard.check("8", "x")
    with pytest.raises(LoopError):
        guard.check("9", "x")
    with pytest.raises(LoopError):
        LoopGuard(["t1"]).check("t1", "")


def test_an_empty_first_page_is_an_error_where_it_can_not_be() -> None:
    assert _ids(follow(lambda _: PageAnswer([]))) == []
    with pytest.raises(SourceError, match="first page is empty"):
        _ids(follow(lambda _: PageAnswer([]), empty_first_page="error"))
