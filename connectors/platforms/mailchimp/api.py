"""Mailchimp's HTTP side: one request with Mailchimp's own error words, and complete paged reads.

Data flow: adapter -> MailchimpApi -> HttpClient -> Mailchimp -> JSON, or an error that says what
to do. Problem documents name addresses in their `detail`; only their title is ever looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RateLimited,
    ShortReadError,
    SourceError,
)
from connectors.http.client import HttpClient
from connectors.http.retry import RetryPolicy, call

_READ_ATTEMPTS = 3


class ProblemDocumentError(SourceError):
    """A problem document: `status` and `title` as the API gives them, never its detail."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(f"Mailchimp refused this: {title} ({status}).")
        self.status = status
        self.title = title


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; problem documents are looked for whatever the status."""
    if not isinstance(body, Mapping):
        return None
    said = body.get("status")
    is_problem = "title" in body and "detail" in body and isinstance(said, int)
    code = said if is_problem and status < 400 and isinstance(said, int) else status
    if code < 400:
        return None
    title = str(body.get("title") or "no title")[:60]
    if code in (401, 403):
        return AuthenticationError(
            f"Mailchimp refused the key ({code}, {title}).",
            todo="Check the API key and that its user may manage this audience.",
        )
    if code == 429:
        return RateLimited("Mailchimp answered 429 (too many connections).")
    if code >= 500:
        return None
    return ProblemDocumentError(code, title)


class MailchimpApi:
    """Requests below one audience. `client` must not retry by itself: what may be repeated is
    decided here, per request.
    """

    def __init__(
        self, client: HttpClient, list_id: str, retry: RetryPolicy, *, connections: int, page: int
    ) -> None:
        self._client, self._retry = client, retry
        self._root = f"lists/{list_id}"
        self._connections, self._page = connections, page

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeat: bool = True,
    ) -> Any:
        """The JSON answer; with `repeat` tried again while that can help (the request must be
        safe to do twice).
        """

        def once() -> Any:
            where = f"{self._root}/{path}" if path else self._root
            try:
                answer = self._client.json(where, method=method, params=params, body=body)
            except NotPermitted as error:
                # Refusals come as JSON; a bare 403 is how an overloaded edge says "too many".
                raise RateLimited("Mailchimp answered 403 without a reason.") from error
            return answer.body

        return call(once, policy=self._retry) if repeat else once()

    def read_all(self, path: str, items: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every item of a paged list, unique by id; ShortReadError when they are not complete.

        People join and leave while pages are read, so an incomplete read is done again. When one
        goes away the others move up, and who stood at the edge of a page is on none: the total
        that went down tells.
        """
        for _ in range(_READ_ATTEMPTS):
            found, totals = self._read_once(path, items, params)
            if len(found) >= max(totals) and min(totals) == totals[0]:
                return list(found.values())
        raise ShortReadError(
            f"only {len(found)} of {max(totals)} {items} could be read, or they kept changing.",
            todo="Nothing was pushed; start the push again.",
        )

    def _read_once(
        self, path: str, items: str, params: Mapping[str, Any]
    ) -> tuple[dict[str, dict[str, Any]], list[int]]:
        def page(offset: int) -> Mapping[str, Any]:
            answer = self.ask(path, params={**params, "count": self._page, "offset": offset})
            if not isinstance(answer, Mapping) or not isinstance(answer.get(items), list):
                raise SourceError(f"the answer has no list of {items}.")
            return answer

        first = page(0)
        total = int(first.get("total_items") or 0)
        offsets = range(self._page, total, self._page)
        pages = [first]
        if offsets:
            with ThreadPoolExecutor(self._connections) as pool:
                pages += pool.map(page, offsets)
        found = {str(item.get("id")): item for one in pages for item in one[items]}
        return found, [int(one.get("total_items") or 0) for one in pages]

    def close(self) -> None:
        self._client.close()
