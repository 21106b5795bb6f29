"""A fake Zoom API v2, read side: users, webinars, registrants, and the reports on past webinars.

Data flow: POST /oauth/token, GET /v2/... -> RecordStore("zoom", entity) -> one page of a list.

Facts: Zoom's pages on rate limits and server-to-server OAuth, its OpenAPI texts as found in
ballerina-platform/openapi-connectors (Apache-2.0) and in generated SDKs. Page tokens live 15
minutes (code 300 after that); only webinars that have not expired are listed; the meeting report
takes at most a month of the last six, and leaves out what fewer than two people attended; the
participants' report is refused with 12702 after a year and with 3001 before the end; registrant_id
comes only on request; a UUID that begins with / or contains // must be encoded twice.
Not verified: that a webinar expires 30 days after its start, the codes for a bad period (here 300)
and a missing scope, and in which order rows come (here that of creation).
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

from connectors.testing.fakes.zoom_records import (
    complete_instance,
    complete_participant,
    complete_registrant,
    complete_user,
    complete_webinar,
)
from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "zoom"
TOKEN_LIFE = timedelta(minutes=15)
EXPIRES = timedelta(days=30)
_ROUTES = {
    "users": re.compile(r"^/v2/users$"),
    "webinars": re.compile(r"^/v2/users/(?P<id>[^/]+)/webinars$"),
    "registrants": re.compile(r"^/v2/webinars/(?P<id>\d+)/registrants$"),
    "meetings": re.compile(r"^/v2/report/users/(?P<id>[^/]+)/meetings$"),
    "participants": re.compile(r"^/v2/report/webinars/(?P<id>[^/]+)/participants$"),
}
_HEAVY = frozenset({"meetings", "participants"})
Body = dict[str, Any]


class RefusedError(Exception):
    """An answer in Zoom's error form."""

    def __init__(
        self, status: int, code: int, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message}
        self.headers = headers or {}


class ZoomFake:
    """One account. `heavy_per_day`: more reports are refused until `reset()`.

    `report_delay`: stays appear in a report so long after the webinar's end.
    """

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-zoom-secret",
        *,
        client_id: str = "sandbox-client",
        account_id: str = "sandbox-account",
        heavy_per_day: int = 30_000,
        report_delay: timedelta = timedelta(0),
    ) -> None:
        self._store = store
        self._basic = base64.b64encode(f"{client_id}:{api_key}".encode()).decode()
        self._account, self._delay = account_id, report_delay
        self._allowed, self._heavy = heavy_per_day, 0
        self._numbers = itertools.count(1)
        self._token = ""

    def reset(self) -> None:
        """A new day has begun."""
        self._heavy = 0

    def expire_token(self) -> None:
        """The access token is an hour old."""
        self._token = ""

    def handle(self, request: Request) -> Response:
        try:
            if request.path == "/oauth/token" and request.method == "POST":
                return self._grant(request)
            return Response.of_json(self._answer(request), 200)
        except RefusedError as refusal:
            return Response.of_json(refusal.body, refusal.status, refusal.headers)

    def _grant(self, request: Request) -> Response:
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        wanted = {"grant_type": "account_credentials", "account_id": self._account}
        if request.headers.get("authorization") != f"Basic {self._basic}" or form != wanted:
            return Response.of_json({"reason": "Invalid client_id or client_secret"}, 400)
        self._token = f"zoom-access-{next(self._numbers)}"
        body = {"access_token": self._token, "token_type": "bearer", "expires_in": 3599}
        return Response.of_json(body)

    def _answer(self, request: Request) -> Body:
        if not self._token or request.headers.get("authorization") != f"Bearer {self._token}":
            raise RefusedError(401, 124, "Invalid access token.")
        for key, route in _ROUTES.items():
            found = route.match(request.path)
            if found and request.method == "GET":
                if key in _HEAVY:
                    self._spend()
                answer: Callable[[Request, str], Body] = getattr(self, f"_{key}")
                return answer(request, found.groupdict().get("id", ""))
        raise RefusedError(404, 404, "This API does not exist.")

    def _spend(self) -> None:
        self._heavy += 1
        if self._heavy <= self._allowed:
            return
        midnight = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z")
        headers = {
            "X-RateLimit-Category": "Heavy",
            "X-RateLimit-Type": "Daily-limit",
            "X-RateLimit-Limit": str(self._allowed),
            "X-RateLimit-Remaining": "0",
            "Retry-After": midnight,
        }
        raise RefusedError(429, 429, "You have reached the maximum daily rate limit.", headers)

    def _users(self, request: Request, _id: str) -> Body:
        return self._page(request, "users", [complete_user(body) for body in self._all("user")])

    def _webinars(self, request: Request, host: str) -> Body:
        user = self._store.get(VENDOR, "user", host)
        if user is None:
            raise RefusedError(404, 1001, f"User does not exist: {host}.")
        if not user.body.get("has_plan", True):
            raise RefusedError(400, 200, "Webinar plan is missing.")
        rows = [complete_webinar(b) for b in self._all("webinar", host) if not self._expired(b)]
        return self._page(request, "webinars", rows)

    def _registrants(self, request: Request, id: str) -> Body:
        webinar = self._store.get(VENDOR, "webinar", id)
        if webinar is None or self._expired(webinar.body):
            raise RefusedError(404, 3001, f"Webinar {id} is not found or has expired.")
        if not webinar.body.get("registration", True):
            raise RefusedError(400, 3000, "This Webinar has not registration required.")
        status = request.param("status") or "approved"
        rows = [
            complete_registrant(b) for b in self._all("registrant", id) if b["status"] == status
        ]
        return self._page(request, "registrants", rows)

    def _meetings(self, request: Request, host: str) -> Body:
        first, last = (date.fromisoformat(request.param(name) or "") for name in ("from", "to"))
        if last - first > timedelta(days=31) or first < self._today() - timedelta(days=184):
            raise RefusedError(400, 300, "The period is not within a month of the last six.")
        rows = [
            complete_instance(body)
            for body in self._all("instance", host)
            if first <= _moment(body["start_time"]).date() <= last
            and _moment(body["end_time"]) <= self._store.now()
            and body.get("participants_count", 2) >= 2
        ]
        return self._page(request, "meetings", rows)

    def _participants(self, request: Request, segment: str) -> Body:
        once = unquote(segment)
        # The gateway decodes the address before it looks for slashes.
        uuid = unquote(once) if "%" in once else once
        if "%" not in once and (once.startswith("/") or "//" in once):
            raise RefusedError(404, 3001, "Webinar not found or has expired.")
        found = self._store.get(VENDOR, "instance", uuid)
        now = self._store.now()
        if found is None or _moment(found.body["end_time"]) > now:
            raise RefusedError(404, 3001, "Webinar not found or has expired.")
        if now - _moment(found.body["start_time"]) > timedelta(days=365):
            raise RefusedError(400, 12702, "Can not access a webinar a year ago.")
        wanted = request.param("include_fields") == "registrant_id"
        ready = now >= _moment(found.body["end_time"]) + self._delay
        rows = self._all("participant", uuid) if ready else []
        shown = [complete_participant(body, with_registrant=wanted) for body in rows]
        return self._page(request, "participants", shown)

    def _page(self, request: Request, key: str, rows: list[Body]) -> Body:
        size = int(request.param("page_size") or 30)
        if not 1 <= size <= 300:
            raise RefusedError(300, 300, "The page size is out of range.")
        start = self._offset(request.param("next_page_token"))
        more = start + size < len(rows)
        return {
            "page_count": -(-len(rows) // size),
            "page_size": size,
            "total_records": len(rows),
            "next_page_token": self._sign(start + size) if more else "",
            key: rows[start : start + size],
        }

    def _sign(self, offset: int) -> str:
        told = json.dumps([offset, self._store.now().timestamp()])
        return base64.urlsafe_b64encode(told.encode()).decode()

    def _offset(self, token: str | None) -> int:
        if not token:
            return 0
        offset, issued = json.loads(base64.urlsafe_b64decode(token))
        if self._store.now().timestamp() - issued > TOKEN_LIFE.total_seconds():
            raise RefusedError(400, 300, "The next page token is invalid or expired.")
        return int(offset)

    def _all(self, entity: str, parent: str | None = None) -> list[Body]:
        return [record.body for record in self._store.query(VENDOR, entity, parent=parent)]

    def _expired(self, webinar: Body) -> bool:
        return _moment(webinar["start_time"]) + EXPIRES < self._store.now()

    def _today(self) -> date:
        return self._store.now().astimezone(UTC).date()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
