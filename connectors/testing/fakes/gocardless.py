"""A fake GoCardless API, read side: customers, mandates, payments, refunds, payouts, events ...

Data flow: GET /<resource>[/{id}] -> RecordStore("gocardless", entity) -> envelope.

Facts from GoCardless's API reference and its generated client libraries (gocardless-pro-java,
-go, -ruby on GitHub): every request needs `GoCardless-Version`; one object and a list of them both
come under the resource's plural name; newest first, limit 1 to 500 (50 by default), `after` for
older and `before` for newer objects, each page naming its own ends in `meta.cursors` (null where
there is no more); `created_at[gt|gte|lt|lte]`; events filter by resource_type and action,
and `include` adds the resources of that type to the page, in their present state, under `linked`;
errors are {"error": {type, code, message, errors, request_id, documentation_url}}; every answer
carries RateLimit-Limit, -Remaining and -Reset (an HTTP date), a 429 too, and no Retry-After; a
removed customer is neither listed nor found; events are listed for 18 months.
Not verified: the words of messages, the answer to an unknown cursor, and that RateLimit-Remaining
counts whole minutes.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.landing.fields import value_at
from connectors.testing.fakes.gocardless_objects import RESOURCES, complete
from connectors.testing.faults import http_date
from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "gocardless"
VERSION = "2015-07-06"
EVENT_DAYS = 548  # 18 months
_LISTS = {f"{entity}s": entity for entity in RESOURCES}
_CREATED = re.compile(r"^created_at\[(gt|gte|lt|lte)\]$")
_PAGING = {"limit", "after", "before"}
# Query parameters that filter by a stored value, and where it lies.
_EQUAL: Mapping[str, Mapping[str, str]] = {
    "customer": {},
    "mandate": {"status": "status", "customer": "links.customer"},
    "payment": {"status": "status", "mandate": "links.mandate"},
    "refund": {"payment": "links.payment"},
    "subscription": {"status": "status", "mandate": "links.mandate"},
    "payout": {"status": "status"},
    "event": {
        "resource_type": "resource_type",
        "action": "action",
        "payment": "links.payment",
        "mandate": "links.mandate",
    },
}
Key = tuple[datetime, int, str]


class GocardlessError(Exception):
    """An answer in GoCardless's error form."""

    def __init__(self, status: int, kind: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind
        name = "field" if kind == "validation_failed" else "reason"
        self.errors = [{name: reason, "message": message}]


class GocardlessFake:
    """One organisation; `per_minute` requests a minute, one more is a 429."""

    def __init__(
        self, store: RecordStore, api_key: str = "sandbox-gc-token", *, per_minute: int = 1000
    ) -> None:
        self._store, self._key, self._limit = store, api_key, per_minute
        self._lock = threading.Lock()
        self._window, self._used = 0, 0
        self._numbers = itertools.count(1)

    def handle(self, request: Request) -> Response:
        left, headers = self._count()
        try:
            if left < 0:
                raise GocardlessError(
                    429, "invalid_api_usage", "rate_limit_exceeded", "Rate limit exceeded"
                )
            return Response.of_json(self._answer(request), 200, headers)
        except GocardlessError as problem:
            error = {
                "message": str(problem),
                "documentation_url": "https://developer.gocardless.com/api-reference#errors",
                "type": problem.kind,
                "request_id": f"req-{next(self._numbers):08d}",
                "code": problem.status,
                "errors": problem.errors,
            }
            return Response.of_json({"error": error}, problem.status, headers)

    def _count(self) -> tuple[int, dict[str, str]]:
        """Requests left in this minute (negative: one too many), and the headers that say so."""
        now = time.time()
        with self._lock:
            window = int(now // 60)
            self._used = self._used + 1 if window == self._window else 1
            self._window = window
            left = self._limit - self._used
        return left, {
            "RateLimit-Limit": str(self._limit),
            "RateLimit-Remaining": str(max(0, left)),
            "RateLimit-Reset": http_date((window + 1) * 60),
        }

    def _answer(self, request: Request) -> dict[str, Any]:
        self._admit(request)
        parts = request.path.strip("/").split("/")
        kind = _LISTS.get(parts[0])
        if kind is None or len(parts) > 2 or request.method != "GET":
            raise GocardlessError(404, "invalid_api_usage", "not_found", "Not found")
        if len(parts) == 1:
            return self._list(kind, request)
        record = self._store.get(VENDOR, kind, parts[1])
        if record is None or (kind == "event" and not self._kept(record.body["created_at"])):
            raise GocardlessError(
                404, "invalid_api_usage", "resource_not_found", "Resource not found"
            )
        return {parts[0]: complete(kind, record.body)}

    def _admit(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            reason, message = "missing_authorization_header", "Missing authorization header"
            raise GocardlessError(401, "invalid_api_usage", reason, message)
        if token != self._key:
            reason, message = "access_token_not_found", "The access token was not found"
            raise GocardlessError(401, "invalid_api_usage", reason, message)
        version = request.headers.get("gocardless-version")
        if version is None:
            reason, message = "missing_version_header", "Missing GoCardless-Version header"
            raise GocardlessError(400, "invalid_api_usage", reason, message)
        if version != VERSION:
            raise GocardlessError(400, "invalid_api_usage", "version_not_found", "Unknown version")

    def _list(self, kind: str, request: Request) -> dict[str, Any]:
        params = _parameters(kind, request)
        limit = _limit(params.get("limit"))
        after, before = params.get("after"), params.get("before")
        oldest_first = self._keys(kind, params)
        low, high = 0, len(oldest_first)
        if after:
            high = bisect_left(oldest_first, self._anchor(kind, after))
        if before:
            low = bisect_right(oldest_first, self._anchor(kind, before))
        # `before` alone takes the page next to its object, else the page begins at the newest.
        start, end = (low, min(high, low + limit)) if before else (max(low, high - limit), high)
        ids = [id for _created, _sort, id in reversed(oldest_first[start:end])]
        found = {record.id: record for record in self._store.query(VENDOR, kind, ids=ids)}
        rows = [complete(kind, found[id].body) for id in ids if id in found]
        cursors = {
            "before": ids[0] if ids and end < len(oldest_first) else None,
            "after": ids[-1] if ids and start > 0 else None,
        }
        answer = {request.path.strip("/"): rows, "meta": {"cursors": cursors, "limit": limit}}
        if "include" in params:
            answer["linked"] = self._linked(params["include"], rows)
        return answer

    def _linked(self, include: str, events: list[dict[str, Any]]) -> dict[str, Any]:
        ids = dict.fromkeys(str(event["links"].get(include)) for event in events)
        found = self._store.query(VENDOR, include, ids=ids)
        return {f"{include}s": [complete(include, record.body) for record in found]}

    def _anchor(self, kind: str, id: str) -> Key:
        record = self._store.get(VENDOR, kind, id)
        if record is None:
            raise GocardlessError(400, "invalid_api_usage", "invalid_cursor", "Invalid cursor")
        return (_moment(record.body["created_at"]), record.sort, id)

    def _keys(self, kind: str, params: Mapping[str, str]) -> list[Key]:
        """(created, sort, id) of the matching records, oldest first."""
        bounds = [(found[1], _bound(v)) for n, v in params.items() if (found := _CREATED.match(n))]
        wanted = {path: params[name] for name, path in _EQUAL[kind].items() if name in params}
        chosen: list[Key] = []
        for record in self._store.query(VENDOR, kind):
            at = _moment(record.body["created_at"])
            if kind == "event" and not self._kept(record.body["created_at"]):
                continue
            if not all(_holds(at, sign, bound) for sign, bound in bounds):
                continue
            if all(value_at(record.body, path) == value for path, value in wanted.items()):
                chosen.append((at, record.sort, record.id))
        return sorted(chosen)

    def _kept(self, created_at: str) -> bool:
        return (self._store.now() - _moment(created_at)).days < EVENT_DAYS


def _parameters(kind: str, request: Request) -> dict[str, str]:
    params = dict(request.query)
    known = _PAGING | set(_EQUAL[kind]) | ({"include"} if kind == "event" else set())
    for name in params:
        if name not in known and not _CREATED.match(name):
            raise _invalid(name, "is not a valid parameter")
    include = params.get("include")
    if include is not None and params.get("resource_type") != f"{include}s":
        raise _invalid("include", "must be used with the resource_type of that resource")
    return params


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    if not text.isdigit() or not 1 <= int(text) <= 500:
        raise _invalid("limit", "must be between 1 and 500")
    return int(text)


def _bound(text: str) -> datetime:
    try:
        moment = _moment(text)
    except ValueError:
        raise _invalid("created_at", "is not a valid date-time") from None
    if moment.tzinfo is None:
        raise _invalid("created_at", "must carry an offset")
    return moment


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _holds(created: datetime, sign: str, bound: datetime) -> bool:
    return {
        "gt": created > bound,
        "gte": created >= bound,
        "lt": created < bound,
        "lte": created <= bound,
    }[sign]


def _invalid(field: str, message: str) -> GocardlessError:
    return GocardlessError(422, "validation_failed", field, message)
