"""A fake Xero: the token service and the lists of the Accounting API for one organisation.

Data flow: POST /connect/token -> tokens; GET /api.xro/2.0/<Endpoint> -> RecordStore("xero", ...).

Facts from the published OpenAPI description (version 16.1.0), developer.xero.com (OAuth 2.0, API
limits, requests and responses) and reports of what the API answers (issues of XeroAPI's clients):
- the client authenticates as basic; a refresh token works once, but for 30 minutes after its use it
  is accepted again; access tokens last 30 minutes; client_credentials serves custom connections.
- 401 {Title: Unauthorized, Detail: "TokenExpired: ..."}, 403 {Title: Forbidden, Detail:
  AuthenticationUnsuccessful} for a tenant that is not connected, 401 AuthorizationUnsuccessful for
  a missing scope, 400 {ErrorNumber, Type, Message, Elements} for a bad request.
- pages by `page` and `pageSize` (100, at most 1,000) with a `pagination` object; the default order
  is UpdatedDateUTC ASC; without `page` everything comes at once, without line items.
- If-Modified-Since is read to the second; archived contacts come only with includeArchived=true.
- every answer tells what is left of the limits; 429 names the limit in X-Rate-Limit-Problem.
Not verified: whether If-Modified-Since includes its own second (here it does not, the harder case),
the order of records that share a time, and what a pageSize beyond 1,000 does (here: 1,000).
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import NAMESPACE_URL, uuid5

from connectors.testing.fakes.xero_records import complete, ms_date, seconds_of
from connectors.testing.server import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "xero"
TENANT = "0a1b2c3d-0000-4000-8000-000000000001"
ENDPOINTS = {
    "Contacts": "contact",
    "Invoices": "invoice",
    "CreditNotes": "credit_note",
    "Payments": "payment",
    "BankTransactions": "bank_transaction",
    "Overpayments": "overpayment",
    "Prepayments": "prepayment",
}
MOST = 1000
GRACE = timedelta(minutes=30)
LIFE = timedelta(minutes=30)
_WHERE = re.compile(r"^UpdatedDateUTC\s*(<|>=)\s*DateTime\((\d+(?:\s*,\s*\d+){2,5})\)$")
_PARAMS = {
    *("page", "pageSize", "order", "where", "includeArchived", "unitdp", "summaryOnly"),
    *("IDs", "Statuses", "ContactIDs", "searchTerm"),
}


class RefusedError(Exception):
    """The request is answered with this status, body and headers."""

    def __init__(
        self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, dict(headers or {})


class XeroFake:
    """One organisation. `hidden`: endpoints outside the app's scopes; limits are off without one.

    Tokens live in the store's settings, so that a restarted server still knows them; the first
    refresh token is `refresh-0`.
    """

    def __init__(
        self,
        store: RecordStore,
        *,
        client: tuple[str, str] = ("sandbox-client", "sandbox-secret"),
        hidden: Collection[str] = (),
        per_minute: int | None = None,
        per_day: int | None = None,
    ) -> None:
        self._store, self._client, self._hidden = store, client, frozenset(hidden)
        self._per_minute, self._per_day = per_minute, per_day
        self._asked: list[datetime] = []
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        try:
            if request.path == "/connect/token":
                return Response.of_json(self._token(request))
            with self._lock:
                limits = self._count()
            try:
                return Response.of_json(self._answer(request), 200, limits)
            except RefusedError as refusal:
                refusal.headers |= limits
                raise
        except RefusedError as refusal:
            return Response.of_json(refusal.body, refusal.status, refusal.headers)

    # The token service

    def _token(self, request: Request) -> dict[str, Any]:
        pair = base64.b64encode(":".join(self._client).encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}" or request.method != "POST":
            raise RefusedError(400, {"error": "invalid_client"})
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        with self._lock:
            number = int(self._store.setting("xero.refresh") or 0)
            if form.get("grant_type") == "refresh_token":
                number = self._traded(form.get("refresh_token", ""), number)
            elif form.get("grant_type") != "client_credentials":
                raise RefusedError(400, {"error": "unsupported_grant_type"})
            issued = int(self._store.setting("xero.access") or 0) + 1
            self._store.set_setting("xero.access", str(issued))
            dies = self._store.now() + LIFE
            self._store.set_setting(f"xero.access-{issued}", dies.isoformat())
        answer = {
            "access_token": f"access-{issued}",
            "expires_in": int(LIFE.total_seconds()),
            "token_type": "Bearer",
        }
        if form["grant_type"] == "refresh_token":
            answer["refresh_token"] = f"refresh-{number}"
        return answer

    def _traded(self, token: str, number: int) -> int:
        """The number of the next refresh token: a used one still counts for half an hour."""
        used_at = self._store.setting(f"xero.used-{token}")
        if token == f"refresh-{number}":
            self._store.set_setting(f"xero.used-{token}", self._store.now().isoformat())
        elif used_at is None or self._store.now() - datetime.fromisoformat(used_at) > GRACE:
            raise RefusedError(400, {"error": "invalid_grant"})
        self._store.set_setting("xero.refresh", str(number + 1))
        return number + 1

    # The lists

    def _answer(self, request: Request) -> dict[str, Any]:
        self._authorise(request)
        endpoint = request.path.removeprefix("/api.xro/2.0/")
        entity = ENDPOINTS.get(endpoint)
        if entity is None or request.method != "GET":
            raise RefusedError(404, {"Title": "Not Found", "Status": 404, "Detail": "NotFound"})
        if endpoint in self._hidden:
            raise _refused(401, "Unauthorized", "AuthorizationUnsuccessful")
        records = self._chosen(entity, request)
        number, size = _number(request, "page"), _number(request, "pageSize") or 100
        size = min(size, MOST)
        body: dict[str, Any] = {
            "Id": str(uuid5(NAMESPACE_URL, request.path)),
            "Status": "OK",
            "ProviderName": "Sandbox",
            "DateTimeUTC": ms_date(self._store.now()),
        }
        if number is None:
            rows = [complete(entity, r.body) for r in records]
            return body | {endpoint: [{**row, "LineItems": []} for row in rows]}
        body["pagination"] = {
            "page": number,
            "pageSize": size,
            "pageCount": -(-len(records) // size),
            "itemCount": len(records),
        }
        page = records[(number - 1) * size : number * size]
        return body | {endpoint: [complete(entity, r.body) for r in page]}

    def _authorise(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        dies = self._store.setting(f"xero.{token}") if scheme == "Bearer" else None
        if dies is None:
            raise _refused(401, "Unauthorized", "TokenInvalidSignature")
        if datetime.fromisoformat(dies) <= self._store.now():
            raise _refused(401, "Unauthorized", "TokenExpired: token expired at 06/30/2026")
        if request.headers.get("xero-tenant-id", TENANT) != TENANT:
            raise _refused(403, "Forbidden", "AuthenticationUnsuccessful")

    def _chosen(self, entity: str, request: Request) -> list[Record]:
        unknown = {name for name, _ in request.query} - _PARAMS
        if unknown:
            raise _invalid("QueryParseException", 16, "No property exists")
        records = list(self._store.query(VENDOR, entity))
        if entity == "contact" and request.param("includeArchived") != "true":
            records = [r for r in records if r.body.get("ContactStatus") != "ARCHIVED"]
        since = request.headers.get("if-modified-since")
        if since:
            bound = _bound(since)
            records = [r for r in records if int(seconds_of(r.body)) > bound]
        holds = _condition(request.param("where"))
        records = [r for r in records if holds(seconds_of(r.body))]
        field, _, direction = (request.param("order") or "UpdatedDateUTC ASC").partition(" ")
        if field != "UpdatedDateUTC":
            raise _invalid("QueryParseException", 16, "No property or field exists")
        backwards = direction.upper() == "DESC"
        return sorted(records, key=lambda r: seconds_of(r.body), reverse=backwards)

    # Limits

    def _count(self) -> dict[str, str]:
        """The headers about the limits; RefusedError when one is used up."""
        now = self._store.now()
        self._asked = [at for at in self._asked if now - at < timedelta(days=1)]
        minute = sum(1 for at in self._asked if now - at < timedelta(minutes=1))
        left = {
            "minute": (self._per_minute or 60) - minute,
            "day": (self._per_day or 5000) - len(self._asked),
        }
        for name, limit, wait in (("day", self._per_day, 40_000), ("minute", self._per_minute, 1)):
            if limit is not None and left[name] <= 0:
                headers = {"X-Rate-Limit-Problem": name, "Retry-After": str(wait)}
                raise RefusedError(429, {}, headers)
        self._asked.append(now)
        return {
            "X-MinLimit-Remaining": str(max(0, left["minute"] - 1) if self._per_minute else 59),
            "X-DayLimit-Remaining": str(max(0, left["day"] - 1) if self._per_day else 4999),
            "X-AppMinLimit-Remaining": "9999",
        }


def _refused(status: int, title: str, detail: str) -> RefusedError:
    body: dict[str, Any] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": str(uuid5(NAMESPACE_URL, detail)),
        "Extensions": {},
    }
    return RefusedError(status, body)


def _invalid(kind: str, number: int, message: str) -> RefusedError:
    body: dict[str, Any] = {"ErrorNumber": number, "Type": kind, "Message": message, "Elements": []}
    return RefusedError(400, body)


def _number(request: Request, name: str) -> int | None:
    text = request.param(name)
    if text is None:
        return None
    if not text.isdigit() or int(text) < 1:
        raise _invalid("ValidationException", 10, "A validation exception occurred")
    return int(text)


def _bound(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid("ValidationException", 10, "A validation exception occurred") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def _condition(where: str | None) -> Callable[[float], bool]:
    """The one kind of filter this fake knows: a bound on UpdatedDateUTC."""
    if not where:
        return lambda _seconds: True
    found = _WHERE.match(where)
    if found is None:
        raise _invalid("QueryParseException", 16, "Operator or field not known")
    # A day without a time is its midnight.
    year, month, day, hour, minute, second = [*map(int, found[2].split(",")), 0, 0, 0][:6]
    limit = datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    if found[1] == "<":
        return lambda seconds: seconds < limit
    return lambda seconds: seconds >= limit
