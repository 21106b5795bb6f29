"""listmonk's HTTP side: one request with its own errors, and complete reads by id.

Data flow: adapter -> ListmonkApi -> HttpClient -> listmonk -> JSON, or an error that says what to
do. Error texts may quote an address: only their status is ever looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    ShortReadError,
    SourceError,
)
from connectors.http.client import HttpClient
from connectors.http.retry import RetryPolicy, call


class ListmonkRefusalError(SourceError):
    """A refusal by its `status`; never its message."""

    def __init__(self, status: int) -> None:
        super().__init__(f"listmonk refused this ({status}).")
        self.status = status


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; one without data is an error whatever the status."""
    if status in (401, 403):
        return AuthenticationError(
            f"listmonk refused the API user ({status}).",
            todo="Check user and token, and that the user may get and manage subscribers and lists"
            " and has subscribers:sql_query.",
        )
    if status >= 500:
        return None
    if status < 400 and isinstance(body, Mapping) and "data" in body:
        return None
    return ListmonkRefusalError(status if status >= 400 else 400)


class ListmonkApi:
    """Requests below /api. `client` must not retry by itself: what may be repeated is decided
    here, per request.
    """

    def __init__(self, client: HttpClient, retry: RetryPolicy, *, page: int) -> None:
        self._client, self._retry, self._page = client, retry, page

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeat: bool = True,
    ) -> Any:
        """What is in `data`; with `repeat` tried again while that can help (the request must be
        safe to do twice).
        """

        def once() -> Any:
            answer = self._client.json(f"api/{path}", method=method, params=params, body=body)
            return answer.body["data"]

        try:
            return call(once, policy=self._retry) if repeat else once()
        except JourneyConnectorError as error:
            # What caused it may quote the expression, and that an address.
            raise error from None

    def subscribers(
        self, expression: str = "", *, list_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Every subscriber an SQL expression fits, by rising id: nobody who comes or goes
        meanwhile moves the others.
        """
        found: list[dict[str, Any]] = []
        last = 0
        while True:
            after = f"subscribers.id > {last}"
            asked = {
                "query": f"{after} AND ({expression})" if expression else after,
                "order": "asc",
                "page": 1,
                "per_page": self._page,
                **({"list_id": list_id} if list_id else {}),
            }
            data = self.ask("subscribers", params=asked)
            page = data.get("results") if isinstance(data, Mapping) else None
            if not isinstance(page, list) or not isinstance(data.get("total"), int):
                raise SourceError("the answer has no list of subscribers.")
            if len(page) < min(self._page, data["total"]):
                raise _short(len(page), data["total"])
            if not page:
                return found
            found += page
            last = max(int(item["id"]) for item in page)
            if len(page) == data["total"]:
                return found

    def close(self) -> None:
        self._client.close()


def _short(read: int, promised: int) -> JourneyConnectorError:
    return ShortReadError(
        f"only {read} of {promised} subscribers could be read.",
        todo="Nothing was pushed; start the push again.",
    )


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
