"""Mautic's HTTP side: requests with its own error words, and complete reads by rising id.

Data flow: adapter -> MauticApi -> HttpClient -> Mautic -> JSON, or an error that says what to do.

Errors are {errors: [{code, message, type}]}; messages may quote an address and are never passed on.
Mautic may count from a cache of some seconds (contact_api_count_cache_ttl, LeadApiController.php),
so a total that does not fit is asked for again in other words before it counts as a short read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    ShortReadError,
    SourceError,
)
from connectors.http.client import HttpClient
from connectors.http.retry import RetryPolicy, call
from connectors.platforms.rows import RefusalError

_ATTEMPTS = 3
_HIGHEST_ID = 4_294_967_295
Where = Sequence[tuple[str, str, str]]  # column, expression, value
Item = dict[str, Any]


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; error documents are looked for whatever the status."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if status < 400 and not isinstance(first, Mapping):
        return None
    if status in (401, 403):
        return AuthenticationError(
            f"Mautic refused the API user ({status}).",
            todo="Check the credentials, that the API is enabled (Configuration, API Settings), and"
            " that the role may view and edit the contacts and segments of others.",
        )
    if status >= 500 or not (isinstance(first, Mapping) or status == 404):
        return None
    told = first.get("type") if isinstance(first, Mapping) else None
    return RefusalError("Mautic", status if status >= 400 else 400, str(told or "refused")[:60])


class MauticApi:
    """Requests below /api. `client` must not retry by itself: what may be repeated is decided
    here, per request.
    """

    def __init__(
        self, client: HttpClient, retry: RetryPolicy, *, page: int, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._client, self._retry, self._page, self._clock = client, retry, page, clock

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeat: bool = True,
    ) -> Any:
        """The JSON answer; with `repeat` tried again while that can help (the request must be safe
        to do twice).
        """

        def once() -> Any:
            answer = self._client.json(f"api/{path}", method=method, params=params, body=body).body
            if not isinstance(answer, Mapping):
                raise SourceError("the answer is no JSON object.")
            return answer

        try:
            return call(once, policy=self._retry, clock=self._clock) if repeat else once()
        except JourneyConnectorError as error:
            # What caused it names the whole address line, and a filter in it names people.
            raise error from None

    def contacts(self, where: Where = (), *, search: str = "") -> list[Item]:
        """Every contact that fits. SourceError when one comes without `doNotContact`."""
        found = self._all("contacts", "contacts", where, search)
        if any("doNotContact" not in item for item in found):
            raise SourceError(
                "the answer does not show doNotContact.",
                todo="Without it nobody's objection can be seen: nothing is pushed.",
            )
        return found

    def segments(self) -> list[Item]:
        return self._all("segments", "lists", (), "")

    def close(self) -> None:
        self._client.close()

    def _all(self, path: str, key: str, where: Where, search: str) -> list[Item]:
        """By rising id, so that nobody who comes or goes meanwhile moves the others."""
        found: list[Item] = []
        last = 0
        while True:
            page, is_last = self._after(last, path, key, where, search)
            found += page
            if is_last:
                return found
            last = max(int(item["id"]) for item in page)

    def _after(
        self, last: int, path: str, key: str, where: Where, search: str
    ) -> tuple[list[Item], bool]:
        """One page and whether it is the last; ShortReadError when it is not what was promised."""
        for attempt in range(_ATTEMPTS):
            # A bound nobody reaches makes it another query, whose total is not in the cache yet.
            bounds = [("id", "gt", str(last))]
            bounds += [("id", "lt", str(_HIGHEST_ID - attempt))] if attempt else []
            asked: dict[str, Any] = {"limit": self._page, "orderBy": "id", "orderByDir": "ASC"}
            for number, (column, expression, value) in enumerate([*where, *bounds]):
                asked[f"where[{number}][col]"] = column
                asked[f"where[{number}][expr]"] = expression
                asked[f"where[{number}][val]"] = value
            answer = self.ask(path, params={**asked, **({"search": search} if search else {})})
            page, total = _items(answer, key), _total(answer)
            if len(page) == min(self._page, total) and all(int(i["id"]) > last for i in page):
                return page, total == len(page)
        raise ShortReadError(
            f"only {len(page)} of {total} {key} could be read, or they kept changing.",
            todo="Nothing was pushed; start the push again.",
        )


def _items(answer: Mapping[str, Any], key: str) -> list[Item]:
    """PHP writes the mapping id -> item, and an empty one as a list."""
    found = answer.get(key)
    items = list(found.values()) if isinstance(found, Mapping) else found
    if not isinstance(items, list):
        raise SourceError(f"the answer does not show {key}.")
    return items


def _total(answer: Mapping[str, Any]) -> int:
    total = str(answer.get("total"))
    if not total.isdigit():
        raise SourceError("the answer has no total.")
    return int(total)
