"""A fake Zendesk Support API, read side: incremental exports, list pages, and its limits.

Data flow: GET /api/v2/... -> RecordStore("zendesk", entity) -> export, list page or error.

A record's `updated` is the time the exports go by: a ticket's generated_timestamp, a user's or
organization's updated_at, a ticket event's created_at. Metrics are the records "ticket_metric",
with their ticket's id. Facts (developer.zendesk.com: Incremental Exports, Using the Incremental
Export API, Pagination, Rate limits, Satisfaction Ratings, Security and authentication):
- basic authentication as `{email}/token`, or an OAuth token as Bearer;
- exports are oldest first, up to 1,000 a page; nothing of the last minute is given, and a
  start_time within it is 422; cursor exports go on at `after_cursor`, which is the base64 of
  "<time>||<id>|" as in the documentation's own examples; time-based ones at `end_time`, inclusive,
  so that a page's last items come again; items of one second are never torn apart;
- deleted tickets stay with status "deleted" and their texts scrubbed;
- lists page by `page[size]` (at most 100) and `page[after]`, or by number, which ends at 10,000
  rows with 400;
- 10 export requests a minute; 429 with Retry-After; X-Rate-Limit and X-Rate-Limit-Remaining count
  the whole account.
Not verified: the exact words of messages, and how a page is cut within one second.
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
from typing import Any

from connectors.testing.fakes.zendesk_records import complete
from connectors.testing.server import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "zendesk"
MAX_EXPORT = 1_000
MAX_LIST = 100
MAX_OFFSET = 10_000
SETTLED = 60  # seconds: nothing younger is exported
PER_MINUTE = 700
Json = dict[str, Any]

# Path -> (entity, key of the rows, goes on by cursor).
_EXPORTS = {
    "incremental/tickets/cursor": ("ticket", "tickets", True),
    "incremental/users/cursor": ("user", "users", True),
    "incremental/organizations": ("organization", "organizations", False),
    "incremental/ticket_events": ("ticket_event", "ticket_events", False),
}
_LISTS = {
    "tickets": "ticket",
    "users": "user",
    "organizations": "organization",
    "satisfaction_ratings": "satisfaction_rating",
}


class ZendeskError(Exception):
    """An answer in one of Zendesk's error forms."""

    def __init__(self, status: int, error: Any, description: str = "") -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error} | ({"description": description} if description else {})
        self.headers: dict[str, str] = {}


class ZendeskFake:
    """One account, entered with `login` (e-mail and API token) or `bearer` (an OAuth token).

    `exports_per_minute`: more export requests are 429 with Retry-After (None: no limit).
    """

    def __init__(
        self,
        store: RecordStore,
        login: tuple[str, str] = ("admin@example.org", "sandbox-zendesk-token"),
        bearer: str = "sandbox-zendesk-oauth",
        *,
        exports_per_minute: int | None = None,
    ) -> None:
        self._store = store
        pair = base64.b64encode("{}/token:{}".format(*login).encode()).decode()
        self._accepted = {f"Basic {pair}", f"Bearer {bearer}"}
        self._limit = exports_per_minute
        self._exports: list[float] = []
        self._requests: list[float] = []
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        headers: dict[str, str] = {}
        try:
            if request.headers.get("authorization") not in self._accepted:
                raise ZendeskError(401, "Couldn't authenticate you")
            headers = {
                "X-Rate-Limit": str(PER_MINUTE),
                "X-Rate-Limit-Remaining": str(self._left()),
            }
            return Response.of_json(self._answer(request), 200, headers)
        except ZendeskError as problem:
            return Response.of_json(problem.body, problem.status, headers | problem.headers)

    def _answer(self, request: Request) -> Json:
        path = request.path.removeprefix("/api/v2/").removesuffix(".json")
        if request.method != "GET" or not request.path.startswith("/api/v2/"):
            raise ZendeskError(404, "InvalidEndpoint", "Not found")
        if path in _EXPORTS:
            self._throttle()
            entity, key, by_cursor = _EXPORTS[path]
            export = self._by_cursor if by_cursor else self._by_time
            return export(request, entity, key)
        if path in _LISTS:
            return self._list(request, _LISTS[path], path)
        raise ZendeskError(404, "InvalidEndpoint", "Not found")

    def _left(self) -> int:
        """What is left of this minute's allowance, this request counted."""
        now = time.monotonic()
        with self._lock:
            self._requests = [moment for moment in self._requests if now - moment < 60] + [now]
            return max(0, PER_MINUTE - len(self._requests))

    def _throttle(self) -> None:
        if self._limit is None:
            return
        now = time.monotonic()
        with self._lock:
            self._exports = [moment for moment in self._exports if now - moment < 60]
            if len(self._exports) >= self._limit:
                refused = ZendeskError(429, "APIRateLimitExceeded", "Too many export requests")
                refused.headers["Retry-After"] = str(max(1, round(60 - now + self._exports[0])))
                raise refused
            self._exports.append(now)

    def _by_cursor(self, request: Request, entity: str, key: str) -> Json:
        cursor = request.param("cursor")
        at = _place(cursor) if cursor else (self._start(request), -1)
        found = [r for r in self._since(request, entity, at[0]) if (_second(r), r.sort) > at]
        page, more = found[: _size(request)], len(found) > _size(request)
        last = (_second(page[-1]), page[-1].sort) if page else at
        after = base64.b64encode(f"{last[0]}.0||{last[1]}|".encode()).decode()
        address = f"{request.base_url}{request.path}?cursor="
        return {
            key: [complete(r) for r in page],
            **self._beside(request, page),
            "after_cursor": after,
            "after_url": address + after,
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": not more,
        }

    def _by_time(self, request: Request, entity: str, key: str) -> Json:
        start = self._start(request)
        found = self._since(request, entity, start)
        page = found[: _size(request)]
        if page:
            page += [r for r in found[len(page) :] if _second(r) == _second(page[-1])]
        end = _second(page[-1]) if page else start
        return {
            key: [complete(r) for r in page],
            "count": len(page),
            "end_time": end,
            "next_page": f"{request.base_url}{request.path}?start_time={end}",
            "end_of_stream": len(page) == len(found),
        }

    def _start(self, request: Request) -> int:
        text = request.param("start_time") or ""
        if not text.isdigit():
            raise ZendeskError(400, "InvalidValue", "Parameter start_time is required")
        if int(text) > self._now() - SETTLED:
            message = "Too recent start_time. Use a start_time older than 1 minute"
            raise ZendeskError(422, "InvalidValue", message)
        return int(text)

    def _since(self, request: Request, entity: str, start: int) -> list[Record]:
        """Records changed at `start` or later, oldest change first, without the last minute."""
        limit = self._now() - SETTLED
        found = self._store.query(VENDOR, entity, updated_since=float(start), order="updated")
        without_deleted = request.param("exclude_deleted") == "true"
        return [
            record
            for record in found
            if record.updated <= limit
            and not (without_deleted and record.body.get("status") == "deleted")
        ]

    def _beside(self, request: Request, page: list[Record]) -> Json:
        """The side-loads of a ticket export."""
        if "metric_sets" not in (request.param("include") or "").split(","):
            return {}
        sets = self._store.query(VENDOR, "ticket_metric", ids=[record.id for record in page])
        return {"metric_sets": [complete(record) for record in sets]}

    def _list(self, request: Request, entity: str, key: str) -> Json:
        rows = list(self._store.query(VENDOR, entity, order="created"))
        if entity == "satisfaction_rating":
            rows = [row for row in rows if self._asked_for(request, row)]
        if request.param("page[size]") is None:
            return self._numbered(request, rows, key)
        size = int(request.param("page[size]") or "")
        if not 1 <= size <= MAX_LIST:
            raise ZendeskError(400, "InvalidPaginationParameter", "page[size] is out of range")
        after = request.param("page[after]")
        if after is not None:
            rows = [row for row in rows if (int(row.created), row.sort) > _place(after)]
        page, more = rows[:size], len(rows) > size
        text = f"{int(page[-1].created)}.0||{page[-1].sort}|" if page else ""
        cursor = base64.b64encode(text.encode()).decode() if page else after
        return {
            key: [complete(row) for row in page],
            "meta": {"has_more": more, "after_cursor": cursor, "before_cursor": None},
            "links": {"prev": None, "next": None},
        }

    def _asked_for(self, request: Request, rating: Record) -> bool:
        score, wanted = rating.body["score"], request.param("score")
        fits = {score, "received"} if score in ("good", "bad") else {score}
        if wanted is not None and wanted not in fits:
            return False
        start, end = request.param("start_time"), request.param("end_time")
        late_enough = start is None or rating.created >= int(start)
        return late_enough and (end is None or rating.created <= int(end))

    def _numbered(self, request: Request, rows: list[Record], key: str) -> Json:
        """Offset paging: 100 a page by number, refused past 10,000 rows."""
        number = int(request.param("page") or 1)
        size = min(int(request.param("per_page") or MAX_LIST), MAX_LIST)
        if number * size > MAX_OFFSET:
            title = {"title": "Invalid parameter", "message": "Exceeded the 10,000 rows of paging"}
            raise ZendeskError(400, title)
        page = rows[(number - 1) * size : number * size]
        more = number * size < len(rows)
        follow = f"{request.base_url}{request.path}?page={number + 1}&per_page={size}"
        return {
            key: [complete(row) for row in page],
            "count": len(rows),
            "next_page": follow if more else None,
            "previous_page": None,
        }

    def _now(self) -> float:
        return self._store.now().timestamp()


def _second(record: Record) -> int:
    return int(record.updated)


def _size(request: Request) -> int:
    return max(1, min(int(request.param("per_page") or MAX_EXPORT), MAX_EXPORT))


def _place(cursor: str) -> tuple[int, int]:
    """(second, sort) a cursor names."""
    try:
        moment, number, _ = base64.b64decode(cursor, validate=True).decode().rsplit("|", 2)
        return int(float(moment.rstrip("|"))), int(number)
    except (ValueError, binascii.Error) as problem:
        raise ZendeskError(400, "InvalidValue", "The cursor is not valid") from problem
