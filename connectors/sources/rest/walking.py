"""From page to page of one list, in the seven ways that a description can name.

Data flow: ask(values, link) -> records, next token -> follow() of http/pagination.py -> Step.

Lists by page number or offset shift when a record before the place is deleted: what moves to a page
that was read already is never met. Such a list is walked again until a walk finds no new key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import requests.utils

from connectors.errors import LoopError, SourceError
from connectors.http.client import Answer
from connectors.http.pagination import PageAnswer, follow
from connectors.sources.rest import selectors
from connectors.sources.rest.description import StreamDescription
from connectors.sources.rest.selectors import Row

MOST_WALKS = 6
Ask = Callable[[Mapping[str, Any], str | None], Answer]


@dataclass(frozen=True)
class Step:
    """One page: the token it was asked with, what it held, and the token after it (None: last)."""

    token: str
    rows: list[Row]
    next: str | None
    total: int | None
    server_time: datetime | None


def walk(
    ask: Ask, stream: StreamDescription, values: Mapping[str, Any], start: str | None = None
) -> Iterator[Step]:
    """The pages from `start` (a token) on; LoopError and ShortReadError as follow() raises them."""
    turner = _Turner(stream, start)
    last: list[Answer] = []

    def fetch(token: str | None) -> PageAnswer:
        blanks, link = turner.ask_for(token)
        answer = ask({**stream.defaults, **values, **blanks}, link)
        last[:] = [answer]
        rows = selectors.records(answer.body, stream.records)
        total = selectors.total(answer.body, stream.total)
        return PageAnswer(rows, turner.after(rows, total, answer), total)

    whole = stream.paginate.by != "last_id"  # its total may count what is left
    for token, page in follow(fetch, start=start, check_total=whole):
        yield Step(token, list(page.records), page.next, page.total, last[0].server_time)


def until_still(
    once: Callable[[], Iterator[Step]], key: Callable[[Row], str]
) -> Iterator[tuple[int, Step]]:
    """(number of the walk, step) of one walk after the other, until one brings no new key.

    One request needs no second one: nothing can move within a single answer.
    """
    seen: set[int] = set()
    for number in range(1, MOST_WALKS + 1):
        steps, known = 0, len(seen)
        for step in once():
            steps += 1
            seen.update(hash(key(row)) for row in step.rows)
            yield number, step
        if steps == 1 or (number > 1 and len(seen) == known):
            return
    raise SourceError(
        f"the list did not hold still in {MOST_WALKS} walks.",
        todo="Read it at a quieter time, or by last id or token if the system can.",
    )


class _Turner:
    """What a token means for the next request, and which token follows a page."""

    def __init__(self, stream: StreamDescription, start: str | None) -> None:
        self._stream, self._page = stream, stream.paginate
        self._token = start
        self._read = 0
        self._rising: bool | None = True if stream.cursor.kind == "append_log_id" else None

    def ask_for(self, token: str | None) -> tuple[dict[str, Any], str | None]:
        """(values of the placeholders, link) of the page at the token."""
        self._token = token
        page = self._page
        values: dict[str, Any] = {} if page.size is None else {"limit": page.size}
        if page.by == "page":
            values["page"] = int(token or page.first)
        elif page.by == "offset":
            values["offset"] = int(token or 0)
        elif token is not None and page.by == "token":
            values["cursor"] = token
        elif token is not None and page.by == "last_id":
            values["last_id"] = json.loads(token)
        return values, token if page.by in ("next_link", "link_header") else None

    def after(self, rows: list[Row], total: int | None, answer: Answer) -> str | None:
        page = self._page
        self._read += len(rows)
        if page.by == "none" or (page.more and not selectors.more(answer.body, page.more)):
            return None
        if page.by in ("next_link", "token", "link_header"):
            return self._told(rows, total, answer)
        if page.more is None and self._ended(rows, total):
            return None
        if page.by == "page":
            return str(int(self._token or page.first) + 1)
        if page.by == "offset":
            return str(int(self._token or 0) + len(rows))
        return self._last_id(rows)

    def _told(self, rows: list[Row], total: int | None, answer: Answer) -> str | None:
        """The link or token of the answer. None is the end, where that can be."""
        page = self._page
        if page.selector is None:
            where, found = "a Link header with rel=next", _next_of(answer.headers)
            missing = found is None
        else:
            where, found = (
                f"`selector: {page.selector}`",
                selectors.mark(answer.body, page.selector),
            )
            missing = selectors.find(answer.body, page.selector) is selectors.MISSING
        if found is None and page.more:
            raise SourceError(f"the answer says that there is more, but has not {where}.")
        whole = total is not None and self._read >= total
        if missing and self._token is None and len(rows) == page.size and not whole:
            raise SourceError(
                f"the first page is full, and the answer has not {where}: records may be missing.",
                todo="Correct it. If the list has exactly so many records, write the number into"
                " `params` instead of `paginate.size`.",
            )
        return found

    def _ended(self, rows: list[Row], total: int | None) -> bool:
        if not rows:
            return True
        if total is not None and self._page.by != "last_id":
            return self._read >= total
        return self._page.ends == "short_page" and len(rows) < (self._page.size or 1)

    def _last_id(self, rows: list[Row]) -> str | None:
        """The token of the last row; the ids must go one way, or rows would be passed over."""
        field = str(self._page.field)
        ids = [selectors.find(row, field) for row in rows]
        wrong = [
            found for found in ids if isinstance(found, bool) or not isinstance(found, int | str)
        ]
        if wrong:
            raise SourceError(
                f"a record has no id at `paginate.field: {field}`.", todo="Correct `field`."
            )
        if not ids:
            raise LoopError(
                f"the answer at last id {self._token} is empty, but says that there is more.",
                todo="Correct `more`.",
            )
        token = json.dumps(ids[-1])
        if token != self._token:
            self._check_order(ids if self._token is None else [json.loads(self._token), *ids])
        return token

    def _check_order(self, ids: list[Any]) -> None:
        if not all(isinstance(found, int) for found in ids):
            return  # how a system orders texts is its own affair
        for before, behind in pairwise(ids):
            if before == behind:
                continue
            if self._rising is None:
                self._rising = before < behind
            if (before < behind) != self._rising:
                raise SourceError(
                    f"the records do not come in the order of `{self._page.field}`.",
                    todo="Ask for that order in `params`; without it records are passed over.",
                )


def _next_of(headers: Mapping[str, str]) -> str | None:
    found = {name.lower(): value for name, value in headers.items()}.get("link", "")
    for link in requests.utils.parse_header_links(found):
        if "next" in link.get("rel", "").split():
            return str(link["url"])
    return None
