"""HubSpot's HTTP side: one request with HubSpot's own error words, and complete paged reads.

Data flow: adapter -> HubspotApi -> HttpClient -> HubSpot -> JSON, or an error that says what to do.

Errors are {status: "error", category, message, correlationId}; messages may quote addresses and
are never passed on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

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
from connectors.platforms.hubspot.capabilities import BATCH, SEARCH_MOST, SEARCH_PAGE
from connectors.platforms.rows import RefusalError

_READ_ATTEMPTS, _LIST_PAGE = 3, 250
CONTACTS = "crm/v3/objects/contacts"


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; error documents are looked for whatever the status."""
    is_error = isinstance(body, Mapping) and body.get("status") == "error"
    category = str(body.get("category") or "NO_CATEGORY")[:60] if is_error else "NO_CATEGORY"
    if status < 400:
        return RefusalError("HubSpot", 400, category) if is_error else None
    if status == 401:
        return AuthenticationError(
            f"HubSpot refused the token ({category}).",
            todo="Check the access token of the private app; renew it if it was rotated.",
        )
    if status == 403:
        return NotPermitted(
            f"HubSpot does not let this token do it ({category}).",
            todo="Give the private app the scopes named in the README of this platform.",
        )
    if status >= 500 or not is_error:
        return None
    return RefusalError("HubSpot", status, category)


class HubspotApi:
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
        body: Any = None,
        repeat: bool = True,
    ) -> Any:
        """The JSON answer (None for 204); with `repeat` tried again while that can help (the
        request must be safe to do twice).
        """

        def once() -> Any:
            return self._client.json(path, method=method, params=params, body=body).body

        return call(once, policy=self._retry, clock=self._clock) if repeat else once()

    def preferences(self, email: str) -> list[dict[str, Any]]:
        """Statuses kept for an address, whether or not there is a contact with it."""
        path = quote(email, safe="", errors="surrogatepass")
        found: list[dict[str, Any]] = []
        for part in ("", "/unsubscribe-all"):
            try:
                answer = self.ask(
                    f"communication-preferences/v4/statuses/{path}{part}",
                    params={"channel": "EMAIL"},
                )
            except JourneyConnectorError as error:
                error.message = error.message.replace(path, "***")
                error.args = (error.message,)
                # What caused it names the address as well.
                raise error from None
            found += _results(answer)
        return found

    def batch_read(
        self, inputs: Sequence[str], properties: Sequence[str], *, by_email: bool
    ) -> list[dict[str, Any]]:
        """Those of the contacts that exist; the address travels in the body, not in a path."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(inputs), BATCH):
            part = inputs[start : start + BATCH]
            body = {"inputs": [{"id": one} for one in part], "properties": list(properties)}
            asked = body | ({"idProperty": "email"} if by_email else {})
            found += _results(self.ask(f"{CONTACTS}/batch/read", method="POST", body=asked))
        return found

    def read_all(self, path: str, params: Mapping[str, Any], *, most: int) -> list[dict[str, Any]]:
        """Every item of a list paged by `after`; ShortReadError when the pages break off."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            asked = {**params, "limit": min(most, self._page)}
            answer = self.ask(path, params=asked if after is None else {**asked, "after": after})
            page, following = _results(answer), _after(answer)
            found += page
            if following is None:
                return found
            if not page or following == after:
                raise ShortReadError(
                    f"a page of {path} promises more but holds nothing new.",
                    todo="Nothing was pushed; start the push again.",
                )
            after = following

    def search(self, since: datetime, properties: Sequence[str]) -> list[dict[str, Any]] | None:
        """Contacts changed after `since`, unique; None when there are more than search can show.

        A contact that changes meanwhile moves to the end and the others move up, unseen: the
        number found is compared with the number told, and the search is made again.
        """
        for _ in range(_READ_ATTEMPTS):
            found: dict[str, dict[str, Any]] = {}
            after: str | None = "0"
            total: Any = None
            while after is not None:
                answer = self.ask(
                    f"{CONTACTS}/search", method="POST", body=_changed(since, properties, after)
                )
                total = answer.get("total") if isinstance(answer, Mapping) else None
                if not isinstance(total, int):
                    raise SourceError("the answer of the search has no total.")
                if total > SEARCH_MOST:
                    return None
                found.update((str(item.get("id")), item) for item in _results(answer))
                after = _after(answer)
            if len(found) >= total:
                return list(found.values())
        return None

    def property_names(self) -> list[str]:
        """Names of all properties a contact of the account can have."""
        return [str(item.get("name")) for item in _results(self.ask("crm/v3/properties/contacts"))]

    def change_members(
        self, list_id: str, what: str, ids: Sequence[str]
    ) -> tuple[set[str], set[str]]:
        """Add or remove records; ids of those changed, and of those that do not exist."""
        path = f"crm/v3/lists/{list_id}/memberships/{what}"
        answer = self.ask(path, method="PUT", body=list(ids))
        changed = "recordsIdsAdded" if what == "add" else "recordIdsRemoved"
        return _named(answer, changed), _named(answer, "recordIdsMissing")

    def manual_lists(self) -> list[dict[str, Any]]:
        """Every manual list of the account, with its size."""
        found: dict[str, dict[str, Any]] = {}
        offset, more = 0, True
        while more:
            body = {
                "processingTypes": ["MANUAL"],
                "additionalProperties": ["hs_list_size"],
                "count": _LIST_PAGE,
                "offset": offset,
            }
            answer = self.ask("crm/v3/lists/search", method="POST", body=body)
            page = answer.get("lists") if isinstance(answer, Mapping) else None
            if not isinstance(page, list):
                raise SourceError("the answer has no list of lists.")
            found.update((str(item["listId"]), item) for item in page)
            more, offset = bool(answer.get("hasMore")), offset + len(page)
            if more and not page:
                raise ShortReadError("a page of lists promises more but holds nothing.")
        return list(found.values())

    def close(self) -> None:
        self._client.close()


def _changed(since: datetime, properties: Sequence[str], after: str) -> dict[str, Any]:
    milliseconds = str(int(since.timestamp() * 1000))
    changed = {"propertyName": "lastmodifieddate", "operator": "GT", "value": milliseconds}
    return {
        "filterGroups": [{"filters": [changed]}],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": SEARCH_PAGE,
        "after": after,
    }


def _results(answer: Any) -> list[dict[str, Any]]:
    results = answer.get("results") if isinstance(answer, Mapping) else None
    if not isinstance(results, list):
        raise SourceError("the answer has no list of results.")
    return results


def _named(answer: Any, key: str) -> set[str]:
    listed = answer.get(key) if isinstance(answer, Mapping) else None
    return {str(one) for one in listed} if isinstance(listed, list) else set()


def _after(answer: Mapping[str, Any]) -> str | None:
    paging = answer.get("paging")
    following = paging.get("next") if isinstance(paging, Mapping) else None
    after = following.get("after") if isinstance(following, Mapping) else None
    return str(after) if after else None
