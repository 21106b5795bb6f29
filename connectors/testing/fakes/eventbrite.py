"""A fake Eventbrite API v3, read side: organizations, and one organization's lists.

Data flow: GET /v3/organizations/{id}/<list>/ -> RecordStore("eventbrite", entity) -> one page.

Facts: the OpenAPI description in ballerina-platform/openapi-connectors (Apache-2.0), and
Eventbrite's API documentation on errors, pagination and basic types: a page is {"pagination":
{object_count, page_number, page_size, page_count, has_more_items, continuation}, "<key>": [...]};
the same request with `continuation` gives the next page; `changed_since` is inclusive; only events
take page_size; errors are {status_code, error, error_description}: NO_AUTH 401, INVALID_AUTH 400,
NOT_AUTHORIZED 403, NOT_FOUND 404, BAD_CONTINUATION_TOKEN 400, HIT_RATE_LIMIT 429 (no Retry-After
is documented). `x-rate-limit` holds the token itself, as seen live by others.
Not verified: the order of orders and attendees (here that of creation), the life of a continuation
token (here a setting), and the answer to unknown parameters (here ARGUMENTS_ERROR).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from connectors.testing.fakes.eventbrite_records import (
    complete_attendee,
    complete_event,
    complete_order,
)
from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "eventbrite"
PAGE_SIZE = 50
_LIST = re.compile(r"^/v3/organizations/(?P<organization>[^/]+)/(?P<key>[a-z]+)/$")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
_SHOW: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "events": complete_event,
    "orders": complete_order,
    "attendees": complete_attendee,
}
# What the description names per list, and `continuation`, which its text names.
_KNOWN = {
    "events": {"status", "time_filter", "order_by", "page_size", "name_filter", "continuation"},
    "orders": {"status", "changed_since", "only_emails", "exclude_emails", "continuation"},
    "attendees": {"status", "changed_since", "continuation"},
}


class RefusedError(Exception):
    """An answer in Eventbrite's error form."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"status_code": status, "error": error, "error_description": description}


class EventbriteFake:
    """One user's token. `member_of` are the organizations it sees; records are those of the first.

    `token_minutes`: how long a continuation token lives by the store's clock (None: for ever).
    `requests_per_hour`: more are HIT_RATE_LIMIT, until `reset()`.
    """

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-eventbrite-token",
        *,
        member_of: Sequence[str] = ("4711",),
        page_size: int = PAGE_SIZE,
        token_minutes: float | None = None,
        requests_per_hour: int = 2000,
    ) -> None:
        self._store, self._token = store, api_key
        self._organizations = list(member_of)
        self._page_size, self._minutes = page_size, token_minutes
        self._allowed, self._used = requests_per_hour, 0

    def reset(self) -> None:
        """The next hour has come."""
        self._used = 0

    def handle(self, request: Request) -> Response:
        self._used += 1
        quota = f"token:{self._token} {self._used}/{self._allowed} reset=3594s"
        headers = {"x-rate-limit": quota}
        try:
            return Response.of_json(self._answer(request), 200, headers)
        except RefusedError as refusal:
            return Response.of_json(refusal.body, refusal.status, headers)

    def _answer(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise RefusedError(401, "NO_AUTH", "Authentication not provided.")
        if scheme != "Bearer" or token != self._token:
            raise RefusedError(400, "INVALID_AUTH", "Authentication/OAuth token is invalid.")
        if self._used > self._allowed:
            raise RefusedError(429, "HIT_RATE_LIMIT", "Hourly rate limit has been reached.")
        if request.method != "GET":
            raise RefusedError(405, "METHOD_NOT_ALLOWED", "Method is not allowed.")
        if request.path == "/v3/users/me/organizations/":
            rows = [{"id": id, "name": "Example Society"} for id in self._organizations]
            return {"pagination": _pagination(len(rows), 1, 50, None), "organizations": rows}
        found = _LIST.match(request.path)
        if found is None or found["key"] not in _SHOW:
            raise RefusedError(404, "NOT_FOUND", "The path you requested does not exist.")
        if found["organization"] not in self._organizations:
            raise RefusedError(403, "NOT_AUTHORIZED", "You do not have permission.")
        return self._page(request, found["key"])

    def _page(self, request: Request, key: str) -> dict[str, Any]:
        unknown = {name for name, _ in request.query} - _KNOWN[key]
        if unknown:
            raise RefusedError(400, "ARGUMENTS_ERROR", f"Unknown: {', '.join(sorted(unknown))}")
        ids = self._ids(request, key)
        after, number = self._continue(request)
        size = self._size(request) if key == "events" else self._page_size
        left = [pair for pair in ids if after is None or pair > after]
        shown = left[:size]
        more = len(left) > size
        token = self._sign(shown[-1], number + 1) if more else None
        wanted = [id for _, id in shown]
        found = {r.id: r for r in self._store.query(VENDOR, key[:-1], ids=wanted)}
        return {
            "pagination": _pagination(len(ids), number, size, token),
            key: [_SHOW[key](found[id].body) for id in wanted if id in found],
        }

    def _ids(self, request: Request, key: str) -> list[tuple[int, str]]:
        since = request.param("changed_since")
        if since is not None and not _TIME.match(since):
            raise RefusedError(400, "ARGUMENTS_ERROR", "changed_since is not a datetime.")

        return sorted(
            (record.sort, record.id)
            for record in self._store.query(VENDOR, key[:-1])
            if since is None or _moment(record.body["changed"]) >= _moment(since)
        )

    def _size(self, request: Request) -> int:
        asked = request.param("page_size")
        return min(int(asked), self._page_size) if asked else self._page_size

    def _sign(self, last: tuple[int, str], number: int) -> str:
        told = json.dumps([last[0], last[1], number, self._store.now().timestamp()])
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")

    def _continue(self, request: Request) -> tuple[tuple[int, str] | None, int]:
        """What the token says: the last one shown, and the number of the page asked for."""
        token = request.param("continuation")
        if token is None:
            return None, 1
        try:
            told = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            sort, id, number, issued = json.loads(told)
        except ValueError:
            raise _bad_token() from None
        age = self._store.now().timestamp() - issued
        if self._minutes is not None and age > self._minutes * 60:
            raise _bad_token()
        return (sort, id), number


def _pagination(count: int, number: int, size: int, token: str | None) -> dict[str, Any]:
    more = {"continuation": token} if token else {}
    pages = -(-count // size)
    return {
        "object_count": count,
        "page_number": number,
        "page_size": size,
        "page_count": pages,
        **more,
        "has_more_items": token is not None,
    }


def _bad_token() -> RefusedError:
    return RefusedError(400, "BAD_CONTINUATION_TOKEN", "Invalid continuation token passed.")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
