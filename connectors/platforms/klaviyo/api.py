"""Klaviyo's HTTP side: JSON:API requests, Klaviyo's own error words, complete cursor pages.

Data flow: adapter -> KlaviyoApi -> HttpClient -> Klaviyo -> JSON, or an error that says what to do.

Errors are {errors: [{status, code, title, detail, source, meta}]}; details may quote addresses and
are never passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    ShortReadError,
    SourceError,
)
from connectors.http.client import HttpClient
from connectors.http.retry import RetryPolicy, call
from connectors.platforms.rows import RefusalError


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; error documents are looked for whatever the status."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    code = str(first.get("code") or "no_code")[:60] if isinstance(first, Mapping) else "no_code"
    if status < 400:
        return RefusalError("Klaviyo", 400, code) if first is not None else None
    if status == 401:
        return AuthenticationError(
            f"Klaviyo refused the key ({code}).", todo="Check the private API key."
        )
    if status == 403:
        return NotPermitted(
            f"Klaviyo does not let this key do it ({code}).",
            todo="Give the key the scopes named in the README of this platform.",
        )
    if status >= 500 or first is None:
        return None
    return RefusalError("Klaviyo", status, code)


class KlaviyoApi:
    """Requests of one account. `client` must not retry by itself: what may be repeated is decided
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
        data: Any = None,
        repeat: bool = True,
    ) -> Any:
        """The JSON answer (None for 204); with `repeat` tried again while that can help (the
        request must be safe to do twice). `data`: the document's main part.
        """
        body = None if data is None else {"data": data}

        def once() -> Any:
            return self._client.json(f"api/{path}", method=method, params=params, body=body).body

        try:
            return call(once, policy=self._retry, clock=self._clock) if repeat else once()
        except JourneyConnectorError as error:
            # What caused it names the whole address line, and filters in it name people.
            raise error from None

    def read_all(self, path: str, params: Mapping[str, Any], *, most: int) -> list[dict[str, Any]]:
        """Every resource of a paged list, unique by id; ShortReadError when the pages break off.

        Only the cursor of a `next` link is used, never its address.
        """
        found: dict[str, dict[str, Any]] = {}
        cursor: str | None = None
        while True:
            asked = {**params, "page[size]": min(most, self._page)}
            answer = self.ask(path, params=asked | ({"page[cursor]": cursor} if cursor else {}))
            page = answer.get("data") if isinstance(answer, Mapping) else None
            if not isinstance(page, list):
                raise SourceError(f"the answer of {path.partition('/')[0]} has no data.")
            found.update((str(item.get("id")), item) for item in page)
            following = _cursor(answer)
            if following is None:
                return list(found.values())
            if not page or following == cursor:
                raise ShortReadError(
                    f"a page of {path.partition('/')[0]} promises more but holds nothing new.",
                    todo="Nothing was pushed; start the push again.",
                )
            cursor = following

    def close(self) -> None:
        self._client.close()


def _cursor(answer: Mapping[str, Any]) -> str | None:
    links = answer.get("links")
    following = links.get("next") if isinstance(links, Mapping) else None
    found = parse_qs(urlsplit(str(following or "")).query).get("page[cursor]")
    if following and not found:
        raise SourceError("the link to the next page has no cursor.")
    return found[0] if found else None
