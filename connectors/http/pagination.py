"""Walking through pages: four ways, each of which notices when it goes in circles.

Data flow: fetch(where) -> PageAnswer -> caller, until the vendor says there is no more.

A paginator never decides that an empty page is the end: only the vendor's own sign does (a missing
token or link, or a page shorter than asked for where the API has no other sign).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.errors import LoopError, ShortReadError, SourceError

Record = Mapping[str, Any]


@dataclass(frozen=True)
class PageAnswer:
    """One page as read: records, the sign of the next page (None: last), the API's own count."""

    records: Sequence[Record]
    next: str | None = None
    total: int | None = None


class LoopGuard:
    """Raises LoopError for a repeated token, or for the same non-empty page three times running.

    One repeated page alone is forgiven: rows are deduplicated by key later. `label` makes tokens
    readable in the message (they are page numbers, ids or links, never payload).
    """

    def __init__(self, seen_tokens: Sequence[str] = ()) -> None:
        self._tokens = {token for token in seen_tokens if token}
        self._last = ""
        self._repeats = 0

    def check(self, token: str, fingerprint: str) -> None:
        """Register one page: the token it was asked with, and what it looked like ("" if empty)."""
        if token:
            if token in self._tokens:
                raise LoopError(
                    f"paging goes in circles: the token {_short(token)!r} came a second time.",
                    todo="The unfinished batch is thrown away; run again, or report it.",
                )
            self._tokens.add(token)
        self._repeats = self._repeats + 1 if fingerprint and fingerprint == self._last else 0
        self._last = fingerprint
        if self._repeats >= 2:
            raise LoopError(
                f"paging goes in circles: the page at token {_short(token)!r} is the same as the"
                " two before it.",
                todo="The unfinished batch is thrown away; run again, or report it.",
            )


def fingerprint(records: Sequence[Record]) -> str:
    """A short digest of the records in order; "" for an empty page."""
    if not records:
        return ""
    text = json.dumps(records, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _short(token: str) -> str:
    return token if len(token) <= 80 else token[:77] + "..."


def follow(
    fetch: Callable[[str | None], PageAnswer],
    *,
    start: str | None = None,
    empty_first_page: str = "ok",
    check_total: bool = True,
) -> Iterator[tuple[str, PageAnswer]]:
    """(token, page) from `fetch(start)` along `PageAnswer.next`; the shared walk of all four ways.

    LoopError on circles; SourceError when the first page is empty and may not be; ShortReadError
    when, having begun at the start, fewer records came than the API's last count.
    """
    guard = LoopGuard()
    token, read, total, first = start, 0, None, True
    while True:
        page = fetch(token)
        guard.check(token or "", fingerprint(page.records))
        if first and not page.records and empty_first_page == "error":
            raise SourceError("the first page is empty, and this stream is never empty.")
        first = False
        read += len(page.records)
        total = page.total if page.total is not None else total
        yield token or "", page
        if page.next is None:
            break
        token = page.next
    if check_total and start is None and total is not None and read < total:
        raise ShortReadError(f"read {read} rows, but the service counts {total}.")


def offset_pages(
    fetch: Callable[[int, int], PageAnswer], *, size: int, start: int = 0
) -> Iterator[tuple[str, PageAnswer]]:
    """Pages by offset: `fetch(offset, limit)`; ends at the total, or at a short page without one.

    Rows that move while paging can be missed: streams read this way need a lookback or a re-read.
    """

    def at(token: str | None) -> PageAnswer:
        offset = int(token) if token else start
        page = fetch(offset, size)
        reached = offset + len(page.records)
        more = reached < page.total if page.total is not None else len(page.records) >= size
        # An empty page below the total would stand still: go on by the page size.
        step = reached if page.records else offset + size
        return PageAnswer(page.records, str(step) if more else None, page.total)

    return follow(at, start=str(start) if start else None)


def keyset_pages(
    fetch: Callable[[str | None, int], PageAnswer],
    *,
    size: int,
    key: Callable[[Record], str],
    start: str | None = None,
) -> Iterator[tuple[str, PageAnswer]]:
    """Pages by the last key seen: `fetch(after, limit)`; a page shorter than `size` is the last.

    Inserts and deletes while paging can not shift it, and it can be resumed at any key.
    """

    def at(token: str | None) -> PageAnswer:
        page = fetch(token, size)
        more = len(page.records) >= size
        return PageAnswer(page.records, key(page.records[-1]) if more else None, page.total)

    return follow(at, start=start, check_total=False)


def token_pages(
    fetch: Callable[[str | None], PageAnswer], *, start: str | None = None
) -> Iterator[tuple[str, PageAnswer]]:
    """Pages by the vendor's own token; `PageAnswer.next` carries it, None ends."""
    return follow(fetch, start=start)


def link_pages(
    fetch: Callable[[str], PageAnswer], *, first: str
) -> Iterator[tuple[str, PageAnswer]]:
    """Pages by `next` links; the client refuses a link that leaves the configured host."""
    return follow(lambda token: fetch(token or first))
