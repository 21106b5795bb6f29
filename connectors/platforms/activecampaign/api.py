"""ActiveCampaign's HTTP side: requests with its own error words, and complete paged reads.

Data flow: adapter -> ActiveCampaignApi -> HttpClient -> ActiveCampaign -> JSON, or an error that
says what to do.

Errors are {errors: [{title, detail, code}]} or {message}; both may quote addresses and are never
passed on. A 429 has Retry-After; other answers tell no allowance (developers.activecampaign.com,
rate-limits). Contacts are read by id_greater, as its page on pagination advises for large accounts.
"""

from __future__ import annotations

from collections import defaultdict
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
from connectors.platforms.activecampaign.capabilities import PAGE
from connectors.platforms.rows import RefusalError

_READ_ATTEMPTS = 3
_WITH = "contactLists,contactTags"


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; error documents are looked for whatever the status."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    is_error = first is not None or (isinstance(body, Mapping) and set(body) == {"message"})
    code = str(first.get("code") or "no_code")[:60] if isinstance(first, Mapping) else "no_code"
    if status < 400:
        return RefusalError("ActiveCampaign", 400, code) if is_error else None
    if status in (401, 403):
        return AuthenticationError(
            f"ActiveCampaign refused the token ({status}).",
            todo="Check the API token, `base_url`, and what the token's user may do.",
        )
    if status >= 500 or not (is_error or status == 404):
        return None
    return RefusalError("ActiveCampaign", status, code)


class ActiveCampaignApi:
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
        """The JSON answer; with `repeat` tried again while that can help (the request must be safe
        to do twice).
        """

        def once() -> Any:
            return self._client.json(path, method=method, params=params, body=body).body

        try:
            return call(once, policy=self._retry, clock=self._clock) if repeat else once()
        except JourneyConnectorError as error:
            # What caused it names the whole address line, and a filter in it names a person.
            raise error from None

    def contacts(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All contacts that fit, oldest first, each with its `contactLists` and `contactTags`.

        SourceError when the answer does not show the list statuses: nobody's objection could be
        seen. ShortReadError when fewer come than the answer itself counts.
        """
        found: list[dict[str, Any]] = []
        last = 0
        while True:
            asked = {**params, "limit": self._page, "id_greater": last, "include": _WITH}
            answer = self.ask("contacts", params={**asked, "orders[id]": "ASC"})
            page, left = _items(answer, "contacts"), _total(answer)
            lists, tags = _items(answer, "contactLists"), _items(answer, "contactTags")
            found += _joined(page, lists, tags)
            if left <= len(page):
                return found
            newest = max((int(item["id"]) for item in page), default=last)
            if newest <= last:
                raise ShortReadError(
                    f"{left} more contacts were promised, and none came.",
                    todo="Nothing was pushed; start the push again.",
                )
            last = newest

    def contacts_by_id(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those of the contacts that exist, at most 100 a request."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), self._page):
            found += self.contacts({"ids[]": list(ids[start : start + self._page])})
        return found

    def tags(self) -> list[dict[str, Any]]:
        """Every tag, unique by id; ShortReadError when they are not complete."""
        for _ in range(_READ_ATTEMPTS):
            found: dict[str, dict[str, Any]] = {}
            offset = 0
            while True:
                answer = self.ask("tags", params={"limit": PAGE, "offset": offset})
                page, total = _items(answer, "tags"), _total(answer)
                found.update((str(item.get("id")), item) for item in page)
                offset += PAGE
                if offset >= total:
                    break
            if len(found) >= total:
                return list(found.values())
        raise ShortReadError(
            f"only {len(found)} of {total} tags could be read, or they kept changing.",
            todo="Nothing was pushed; start the push again.",
        )

    def close(self) -> None:
        self._client.close()


def _items(answer: Any, name: str) -> list[dict[str, Any]]:
    found = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(found, list):
        raise SourceError(
            f"the answer does not show {name}.",
            todo="Without list statuses nobody's objection can be seen: nothing is pushed.",
        )
    return found


def _total(answer: Mapping[str, Any]) -> int:
    meta = answer.get("meta")
    total = str(meta.get("total") if isinstance(meta, Mapping) else "")
    if not total.isdigit():
        raise SourceError("the answer has no total.")
    return int(total)


def _joined(
    contacts: Sequence[Mapping[str, Any]],
    lists: Sequence[Mapping[str, Any]],
    tags: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The contacts, each with what lies beside them in the answer."""
    beside: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for name, rows in (("contactLists", lists), ("contactTags", tags)):
        for row in rows:
            beside[str(row.get("contact"))][name].append(row)
    empty: dict[str, list[Any]] = {"contactLists": [], "contactTags": []}
    return [{**contact, **empty, **beside[str(contact.get("id"))]} for contact in contacts]
