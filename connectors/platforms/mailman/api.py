"""Mailman's HTTP side: one request with its own errors, and complete reads of collections.

Data flow: adapter -> MailmanApi -> HttpClient -> Mailman core -> JSON, or an error that says what
to do. Error texts may quote an address: only those without one are ever looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    ShortReadError,
    SourceError,
)
from connectors.http.answers import Answer
from connectors.http.client import HttpClient
from connectors.http.retry import RetryPolicy, call

BANNED = "Membership is banned"
SUBSCRIBED = "Member already subscribed"
PENDING = "Subscription request already pending"
_KNOWN = (BANNED, SUBSCRIBED, PENDING)
_AT = "%40"  # marks an address in a path
_READINGS = 3  # of a collection that changes while it is read


class MailmanRefusalError(SourceError):
    """A refusal by its `status` and, where it is one of the fixed texts above, its `reason`."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(f"Mailman refused this ({status}).")
        self.status, self.reason = status, reason


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; an error document is one whatever the status."""
    if status in (401, 403):
        return AuthenticationError(
            f"Mailman refused the user of its REST API ({status}).",
            todo="Check admin_user and admin_pass in the section [webservice] of mailman.cfg.",
        )
    if status >= 500:
        return None
    if status < 400 and not (isinstance(body, Mapping) and "title" in body):
        return None
    said = body.get("description") if isinstance(body, Mapping) else None
    return MailmanRefusalError(status if status >= 400 else 400, said if said in _KNOWN else "")


class MailmanApi:
    """Requests below /3.1. `client` must not retry by itself: what may be repeated is decided
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
        form: Mapping[str, Any] | None = None,
        repeat: bool = True,
    ) -> Answer:
        """The answer; with `repeat` tried again while that can help (the request must be safe to
        do twice).
        """

        def once() -> Answer:
            return self._client.json(path, method=method, params=params, form=form)

        try:
            return call(once, policy=self._retry) if repeat else once()
        except JourneyConnectorError as error:
            for part in path.split("/"):
                if _AT in part:
                    error.message = error.message.replace(part, "***")
                    error.args = (error.message,)
            # What caused it names the address as well.
            raise error from None

    def find(self, path: str) -> dict[str, Any] | None:
        """One record, or None when there is none of that name."""
        try:
            body = self.ask(path).body
        except MailmanRefusalError as refusal:
            if refusal.status == 404:
                return None
            raise
        if not isinstance(body, dict):
            raise SourceError("the answer is no record.")
        return body

    def read_all(self, path: str, **asked: Any) -> list[dict[str, Any]]:
        """Every entry of a collection. Who comes or goes moves the others to other pages: then
        it is read again, and ShortReadError raised when it never stands still.
        """
        for _ in range(_READINGS):
            found = self._read(path, asked)
            if found is not None:
                return found
        raise ShortReadError(
            f"{path.partition('?')[0].rpartition('/')[2]} could not be read completely.",
            todo="Nothing was pushed; start the push again.",
        )

    def _read(self, path: str, asked: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = []
        total: int | None = None
        number = 0
        while total is None or len(found) < total:
            number += 1
            params = {**asked, "count": self._page, "page": number}
            body = self.ask(path, params=params).body
            if not isinstance(body, Mapping) or not isinstance(body.get("total_size"), int):
                raise SourceError("the answer is no collection.")
            entries = body.get("entries", [])
            if total not in (None, body["total_size"]) or (not entries and body["total_size"]):
                return None
            total = int(body["total_size"])
            found += entries
        return found if len(found) == total else None

    def close(self) -> None:
        self._client.close()


def segment_of(address: str) -> str:
    """A name or an address as a part of a path."""
    return quote(address, safe="", errors="surrogatepass")
