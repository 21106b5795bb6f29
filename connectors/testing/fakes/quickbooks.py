"""A fake QuickBooks Online: token service, data queries and change data capture of one company.

Data flow: POST /oauth2/v1/tokens/bearer -> tokens; GET /v3/company/{realm}/query | cdc ->
RecordStore("quickbooks", <Entity>) -> JSON.

Facts from Intuit's developer documentation (data queries, change data capture, REST features, OAuth
2.0) and from reports of what the API answers (issues of its clients):
- queries: select * | Id | count(*) from an entity, where with `and`, orderby, startposition from 1,
  maxresults 100 by default and at most 1,000; only active customers and items unless Active is
  named; no deleted transactions; an answer without rows has an empty QueryResponse.
- cdc: what changed since, by LastUpdatedTime, then what was deleted ({status: Deleted, domain, Id,
  MetaData}); 1,000 objects in all; 30 days at most; not for five entities.
- times are told to the second with the offset of the company, and compared as moments.
- errors: {Fault: {Error: [{Message, Detail, code}], type}, time}; the gateway's own (401, 429) come
  with small letters ({fault: {error, type}}) or codes 3200 and 3001.
- a refresh token is replaced once a day; the one before it is refused from then on.
Not verified: the codes of a query that can not be parsed (4000 here), of too many results (4001)
and of a look-back beyond 30 days (4002); whether an old refresh token dies at once.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

from connectors.testing.server import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "quickbooks"
REALM = "123456789"
ENTITIES = (
    *("Customer", "Invoice", "Payment", "SalesReceipt", "RefundReceipt", "CreditMemo", "Item"),
    *("TaxCode", "TimeActivity"),
)
NOT_CAPTURED = ("JournalCode", "TaxAgency", "TimeActivity", "TaxCode", "TaxRate")
KEPT = timedelta(days=30)
LIFE = timedelta(hours=1)
ROTATION = timedelta(days=1)
OFFSET = timezone(timedelta(hours=-7))
MOST = 1000
_QUERY = re.compile(
    r"^select\s+(?P<what>\*|Id|count\(\*\))\s+from\s+(?P<entity>\w+)"
    r"(?:\s+where\s+(?P<where>.+?))?(?:\s+orderby\s+(?P<order>[\w.]+)(?:\s+(?P<way>asc|desc))?)?"
    r"(?:\s+startposition\s+(?P<start>\d+))?(?:\s+maxresults\s+(?P<most>\d+))?$",
    re.IGNORECASE,
)
_TIME = re.compile(r"^MetaData\.LastUpdatedTime\s*(<|>=|>|<=)\s*'([^']+)'$", re.IGNORECASE)
_ACTIVE = re.compile(r"^Active\s+in\s*\(\s*true\s*,\s*false\s*\)$", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
Check = Callable[[dict[str, Any]], bool]


class RefusedError(Exception):
    """The request is answered with this status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class QuickbooksFake:
    """One company. `most_changes`: objects in one answer of change data capture.

    `slow`: a query that would look at more records than this is refused with QUERY_TIMEOUT. Tokens
    live in the store's settings; the first refresh token is `refresh-0`.
    """

    def __init__(
        self,
        store: RecordStore,
        *,
        client: tuple[str, str] = ("sandbox-client", "sandbox-secret"),
        most_changes: int = MOST,
        slow: int | None = None,
    ) -> None:
        self._store, self._client = store, client
        self._most_changes, self._slow = most_changes, slow
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        try:
            if request.path == "/oauth2/v1/tokens/bearer":
                return Response.of_json(self._token(request))
            return Response.of_json({**self._answer(request), "time": self._now()})
        except RefusedError as refusal:
            return Response.of_json(refusal.body, refusal.status)

    def delete(self, entity: str, id: str) -> None:
        """Delete a record as a user would: queries forget it, change data capture tells it."""
        self._store.delete(VENDOR, entity, id)
        at = self._store.now()
        gone = {
            "status": "Deleted",
            "domain": "QBO",
            "Id": id,
            "MetaData": {"LastUpdatedTime": qbo_time(at)},
        }
        seconds = at.timestamp()
        number = 1 + self._store.count(VENDOR, f"{entity}/deleted")
        self._store.put(Record(VENDOR, f"{entity}/deleted", id, gone, number, seconds, seconds))

    # The token service

    def _token(self, request: Request) -> dict[str, Any]:
        pair = base64.b64encode(":".join(self._client).encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}" or request.method != "POST":
            raise RefusedError(401, {"error": "invalid_client"})
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        now = self._store.now()
        with self._lock:
            number = int(self._store.setting("quickbooks.refresh") or 0)
            if form.get("refresh_token") != f"refresh-{number}":
                raise RefusedError(400, {"error": "invalid_grant"})
            rotated = self._store.setting("quickbooks.rotated")
            if rotated is None or now - datetime.fromisoformat(rotated) >= ROTATION:
                number += 1
                self._store.set_setting("quickbooks.refresh", str(number))
                self._store.set_setting("quickbooks.rotated", now.isoformat())
            issued = int(self._store.setting("quickbooks.access") or 0) + 1
            self._store.set_setting("quickbooks.access", str(issued))
            self._store.set_setting(f"quickbooks.access-{issued}", (now + LIFE).isoformat())
        return {
            "access_token": f"access-{issued}",
            "refresh_token": f"refresh-{number}",
            "expires_in": int(LIFE.total_seconds()),
            "x_refresh_token_expires_in": 8_640_000,
            "token_type": "bearer",
        }

    # Data

    def _answer(self, request: Request) -> dict[str, Any]:
        self._authorise(request)
        parts = request.path.strip("/").split("/")
        if parts[:2] != ["v3", "company"] or len(parts) != 4 or request.method != "GET":
            raise self._refused(400, "500", "Unsupported Operation", "ValidationFault")
        if parts[2] != REALM:
            words = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
            raise self._refused(403, "3100", words, "AuthorizationFault")
        if parts[3] == "query":
            return {"QueryResponse": self._query(request.param("query") or "")}
        if parts[3] == "cdc":
            return self._changes(request)
        raise self._refused(400, "500", "Unsupported Operation", "ValidationFault")

    def _authorise(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        dies = self._store.setting(f"quickbooks.{token}") if scheme == "Bearer" else None
        if dies is None or datetime.fromisoformat(dies) <= self._store.now():
            words = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
            error = {"message": words, "detail": "Token expired", "code": "3200", "element": None}
            raise RefusedError(401, {"fault": {"error": [error], "type": "AUTHENTICATION"}})

    def _query(self, text: str) -> dict[str, Any]:
        found = _QUERY.match(text.strip())
        if found is None or found["entity"] not in ENTITIES:
            raise self._refused(400, "4000", "Error parsing query", "ValidationFault")
        entity, most = found["entity"], int(found["most"] or 100)
        if most > MOST:
            raise self._refused(400, "4001", "Invalid maxresults", "ValidationFault")
        checks = self._checks(entity, found["where"] or "")
        bodies = [r.body for r in self._store.query(VENDOR, entity)]
        bodies = [body for body in bodies if all(check(body) for check in checks)]
        if found["what"].lower() == "count(*)":
            return {"totalCount": len(bodies)}
        if self._slow is not None and len(bodies) > self._slow:
            raise self._refused(400, "QUERY_TIMEOUT", "QUERY_TIMEOUT", "SystemFault")
        if (found["order"] or "Id").lower() == "metadata.lastupdatedtime":
            bodies.sort(key=updated, reverse=(found["way"] or "").lower() == "desc")
        else:
            bodies.sort(key=lambda body: str(body["Id"]))
        start = int(found["start"] or 1)
        page = bodies[start - 1 : start - 1 + most]
        if found["what"].lower() == "id":
            page = [{"Id": body["Id"]} for body in page]
        if not page:
            return {}
        return {entity: page, "startPosition": start, "maxResults": len(page)}

    def _checks(self, entity: str, where: str) -> list[Check]:
        checks: list[Check] = []
        everyone = entity not in ("Customer", "Item")
        for condition in _AND.split(where) if where else []:
            if _ACTIVE.match(condition):
                everyone = True
                continue
            found = _TIME.match(condition)
            if found is None:
                raise self._refused(400, "4000", "Error parsing query", "ValidationFault")
            checks.append(self._bound(found[1], found[2]))
        if not everyone:
            checks.append(lambda body: bool(body.get("Active", True)))
        return checks

    def _bound(self, sign: str, text: str) -> Check:
        limit = self._moment(text)
        return {
            ">=": lambda body: updated(body) >= limit,
            ">": lambda body: updated(body) > limit,
            "<=": lambda body: updated(body) <= limit,
            "<": lambda body: updated(body) < limit,
        }[sign]

    def _changes(self, request: Request) -> dict[str, Any]:
        since = self._moment(request.param("changedSince") or "")
        if self._store.now() - since > KEPT:
            raise self._refused(400, "4002", "changedSince is too long ago", "ValidationFault")
        groups: list[dict[str, Any]] = []
        left = self._most_changes
        for entity in (request.param("entities") or "").split(","):
            if entity not in ENTITIES or entity in NOT_CAPTURED:
                raise self._refused(400, "4000", "Entity is not supported", "ValidationFault")
            living = [r.body for r in self._store.query(VENDOR, entity)]
            gone = [r.body for r in self._store.query(VENDOR, f"{entity}/deleted")]
            changed = [
                body
                for bodies in (living, gone)
                for body in sorted(bodies, key=updated)
                if updated(body) >= since
            ][:left]
            left -= len(changed)
            paging = {"startPosition": 1, "maxResults": len(changed)}
            groups.append({entity: changed, **paging} if changed else {})
        return {"CDCResponse": [{"QueryResponse": groups}]}

    def _moment(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self._refused(400, "4000", "Error parsing query", "ValidationFault") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _refused(self, status: int, code: str, message: str, kind: str) -> RefusedError:
        error = {"Message": message, "Detail": message, "code": code}
        fault = {"Error": [error], "type": kind}
        return RefusedError(status, {"Fault": fault, "time": self._now()})

    def _now(self) -> str:
        return self._store.now().astimezone(OFFSET).isoformat(timespec="milliseconds")


def qbo_time(moment: datetime) -> str:
    """The moment as QuickBooks tells it: to the second, with the company's offset."""
    return moment.astimezone(OFFSET).replace(microsecond=0).isoformat()


def updated(body: dict[str, Any]) -> datetime:
    """When a record was changed last."""
    return datetime.fromisoformat(body["MetaData"]["LastUpdatedTime"])
