"""Brevo's HTTP side: one request with Brevo's own error words, and complete paged reads.

Data flow: adapter -> BrevoApi -> HttpClient -> Brevo -> JSON, or an error that says what to do.

The path of a contact holds the address, and error texts may quote it: neither gets into an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    JourneyConnectorError,
    ShortReadError,
    SourceError,
)
from connectors.http.client import HttpClient
from connectors.http.retry import RetryPolicy, call
from connectors.platforms.brevo.capabilities import ACCOUNT_CODES
from connectors.platforms.rows import RefusalError

_READ_ATTEMPTS = 3


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; error documents are looked for whatever the status."""
    is_error = isinstance(body, Mapping) and "code" in body and "message" in body
    code = str(body.get("code"))[:60] if is_error else "no_code"
    if status < 400:
        return RefusalError("Brevo", 400, code) if is_error else None
    if status in (401, 403):
        return AuthenticationError(
            f"Brevo refused the key ({status}, {code}).",
            todo="Check the API key and, if the account has it on, the list of authorised IPs.",
        )
    if code in ACCOUNT_CODES:
        return ConfigurationError(
            f"Brevo does not let this account do it ({status}, {code}).",
            todo="Look at the account's plan and state in Brevo.",
        )
    if status >= 500 or not is_error:
        return None
    return RefusalError("Brevo", status, code)


class BrevoApi:
    """Requests below /contacts. `client` must not retry by itself: what may be repeated is decided
    here, per request.
    """

    def __init__(
        self,
        client: HttpClient,
        retry: RetryPolicy,
        *,
        page: int,
        clock: Clock = SYSTEM_CLOCK,
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
        """The JSON answer (None for 204); with `repeat` tried again while that can help (the
        request must be safe to do twice).
        """

        def once() -> Any:
            return self._client.json(
                f"contacts/{path}" if path else "contacts", method=method, params=params, body=body
            ).body

        return call(once, policy=self._retry, clock=self._clock) if repeat else once()

    def contact(self, email: str, *, method: str = "GET", body: Any = None) -> Any:
        """The same for one contact by its address, which no error mentions."""
        path = quote(email, safe="", errors="surrogatepass")
        try:
            return self.ask(path, method=method, body=body)
        except JourneyConnectorError as error:
            error.message = error.message.replace(path, "***")
            error.args = (error.message,)
            # What caused it names the address as well.
            raise error from None

    def read_all(
        self, path: str, items: str, params: Mapping[str, Any], *, most: int
    ) -> list[dict[str, Any]]:
        """Every item of a paged list, unique by id; ShortReadError when they are not complete.

        `most`: the largest page Brevo gives here. The oldest come first, so that new ones do not
        move the others; when one goes away meanwhile the others move up, unseen, and the list is
        read again.
        """
        for _ in range(_READ_ATTEMPTS):
            found, counts = self._read_once(path, items, params, min(most, self._page))
            if len(found) >= counts[-1] and counts == sorted(counts):
                return list(found.values())
        raise ShortReadError(
            f"only {len(found)} of {counts[-1]} {items} could be read, or they kept changing.",
            todo="Nothing was pushed; start the push again.",
        )

    def _read_once(
        self, path: str, items: str, params: Mapping[str, Any], size: int
    ) -> tuple[dict[str, dict[str, Any]], list[int]]:
        found: dict[str, dict[str, Any]] = {}
        counts: list[int] = []
        while True:
            asked = {**params, "limit": size, "offset": len(counts) * size, "sort": "asc"}
            answer = self.ask(path, params=asked)
            if not isinstance(answer, Mapping) or not isinstance(answer.get("count"), int):
                raise SourceError(f"the answer has no count of {items}.")
            page = answer.get(items) or []  # an empty list is left out of the answer
            found.update((str(item.get("id")), item) for item in page)
            counts.append(answer["count"])
            if len(counts) * size >= counts[-1]:
                return found, counts

    def close(self) -> None:
        self._client.close()
