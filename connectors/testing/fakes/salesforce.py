"""A fake Salesforce org: tokens, SOQL over REST, descriptions, limits, bulk query jobs.

Data flow: GET /services/data/vXX.0/... -> RecordStore("salesforce", <sObject>) -> JSON or CSV.

Facts (REST API developer guide, developer.salesforce.com):
- POST /services/oauth2/token: client_credentials or refresh_token, id and secret in the form; the
  answer has no expires_in; a refusal is 400 {error, error_description}.
- a bad or expired token is 401 [{errorCode: INVALID_SESSION_ID}]; errors are always such a list.
- query and queryAll: {totalSize, done, records, nextRecordsUrl?}, each record with `attributes`,
  parent fields nested (null without a parent); `Sforce-Query-Options: batchSize=` from 200 to
  2,000; totalSize counts the whole query; a forgotten locator is INVALID_QUERY_LOCATOR.
- describe of an unknown object is 404 NOT_FOUND, a query on it 400 INVALID_TYPE; fields a user may
  not see are missing from the description and refused in a query (INVALID_FIELD).
- `Sforce-Limit-Info: api-usage=used/total`, and that of the app, with every answer; beyond it 403
  REQUEST_LIMIT_EXCEEDED.
- /limits needs `View Setup and Configuration` (403 without).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from connectors.testing.fakes.salesforce_bulk import Jobs
from connectors.testing.fakes.salesforce_schema import schema
from connectors.testing.fakes.salesforce_soql import (
    Query,
    RefusedError,
    comparable,
    field_at,
    parse,
)
from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "salesforce"
_DATA = re.compile(r"^/services/data/v\d+\.0/(?P<rest>.+?)/?$")
# Id and secret of the sandbox's connected app.
CLIENT = ("sandbox-salesforce-app", "sandbox-salesforce-secret")
_LARGEST_PAGE = 2000
Body = dict[str, Any]


class SalesforceFake:
    """One org. `refresh_token` makes it one of the refresh flow, whose token rotates at each use.

    `hidden` objects and `without` fields are out of the user's sight; `page` is the most records of
    one answer; `allowance` the calls of a day; `bulk=False` an org without the Bulk API; `polls`
    how often a job is not ready yet; `sees_limits=False` a user without the right to see limits.
    """

    def __init__(
        self,
        store: RecordStore,
        *,
        client: tuple[str, str] = CLIENT,
        refresh_token: str | None = None,
        hidden: Collection[str] = (),
        without: Mapping[str, Collection[str]] | None = None,
        multi_currency: bool = False,
        page: int = _LARGEST_PAGE,
        allowance: int = 100_000,
        bulk: bool = True,
        polls: int = 1,
        sees_limits: bool = True,
    ) -> None:
        self._store = store
        self._client = client
        self.refresh_token = refresh_token
        self.schema = schema(hidden=hidden, without=without, multi_currency=multi_currency)
        self._page, self.allowance, self.used = page, allowance, 0
        self._bulk, self._sees_limits = bulk, sees_limits
        self.jobs = Jobs(self.schema, self._flat, polls=polls)
        self.tokens: set[str] = set()
        self._issued = 0
        self._locators: dict[str, tuple[Query, list[Body]]] = {}
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        if request.path == "/services/oauth2/token":
            return self._token(request)
        with self._lock:
            self.used += 1
        usage = f"api-usage={self.used}/{self.allowance}; per-app-api-usage=1/2(appName=sandbox)"
        answer = self._answer(request)
        headers = {**answer.headers, "Sforce-Limit-Info": usage}
        return Response(answer.status, headers, answer.body)

    def expire_tokens(self) -> None:
        """All sessions have timed out."""
        self.tokens.clear()

    def forget_locators(self) -> None:
        """All query locators are gone, as they are after two days."""
        self._locators.clear()

    def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != self._client:
            return _oauth_error("invalid_client", "invalid client credentials")
        wanted = "refresh_token" if self.refresh_token else "client_credentials"
        if form.get("grant_type") != wanted:
            return _oauth_error("unsupported_grant_type", "grant type not supported")
        if self.refresh_token and form.get("refresh_token") != self.refresh_token:
            return _oauth_error("invalid_grant", "expired access/refresh token")
        with self._lock:
            self._issued += 1
            token = f"00D-session-{self._issued}"
            self.tokens.add(token)
            body = {
                "access_token": token,
                "instance_url": request.base_url,
                "token_type": "Bearer",
                "issued_at": "1782820800000",
                "signature": "c2lnbmF0dXJl",
            }
            if self.refresh_token:
                self.refresh_token = f"{self.refresh_token}+"
                body["refresh_token"] = self.refresh_token
        return Response.of_json(body)

    def _answer(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.used > self.allowance:
            return _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        found = _DATA.match(request.path)
        rest = found["rest"].split("/") if found else []
        try:
            return self._route(request, rest)
        except RefusedError as refusal:
            return _error(400, refusal.code, refusal.message)

    def _route(self, request: Request, rest: list[str]) -> Response:
        if rest in (["query"], ["queryAll"]):
            return self._query(request, deleted=rest == ["queryAll"])
        if rest[:1] == ["query"] and len(rest) == 2:
            return self._more(request, rest[1])
        if rest == ["sobjects"]:
            return Response.of_json({"sobjects": [self._short(name) for name in self.schema]})
        if rest[:1] == ["sobjects"] and rest[2:] == ["describe"] and rest[1] in self.schema:
            return Response.of_json(self._described(rest[1]))
        if rest == ["limits"]:
            return self._limits()
        if rest[:2] == ["jobs", "query"]:
            if not self._bulk:
                return _error(403, "FUNCTIONALITY_NOT_ENABLED", "Bulk API is not enabled")
            return self.jobs.handle(request, rest[2:])
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def _query(self, request: Request, *, deleted: bool) -> Response:
        query = parse(request.param("q") or "", self.schema)
        records = self._matching(query, deleted)
        if query.fields == ["COUNT()"]:
            body = {"totalSize": len(records), "done": True, "records": []}
            return Response.of_json(body)
        with self._lock:
            locator = f"01g{len(self._locators) + 1:015d}"
            self._locators[locator] = (query, records)
        return self._more(request, f"{locator}-0")

    def _more(self, request: Request, where: str) -> Response:
        locator, _, offset = where.rpartition("-")
        if locator not in self._locators:
            raise RefusedError("INVALID_QUERY_LOCATOR", "invalid query locator")
        query, records = self._locators[locator]
        asked = re.search(r"batchSize=(\d+)", request.headers.get("sforce-query-options", ""))
        size = min(max(int(asked[1]), 200), _LARGEST_PAGE) if asked else _LARGEST_PAGE
        start, end = int(offset), int(offset) + min(size, self._page)
        version = request.path.split("/")[3]
        body: Body = {
            "totalSize": len(records),
            "done": end >= len(records),
            "records": [self._shown(query, record, version) for record in records[start:end]],
        }
        if not body["done"]:
            body["nextRecordsUrl"] = f"/services/data/{version}/query/{locator}-{end}"
        return Response.of_json(body)

    def _matching(self, query: Query, deleted: bool) -> list[Body]:
        found = [record.body for record in self._store.query(VENDOR, query.object)]
        if not deleted:
            found = [body for body in found if not body.get("IsDeleted")]
        chosen = [body for body in found if query.matches(partial(self._value, query, body))]
        for name, descending in reversed(query.order):
            field = field_at(self.schema, query.object, name)

            def key(body: Body, name: str = name, field: Any = field) -> tuple[bool, Any]:
                value = comparable(field, self._value(query, body, name))
                return (value is not None, value if value is not None else 0)

            chosen.sort(key=key, reverse=descending)
        return chosen if query.limit is None else chosen[: query.limit]

    def _value(self, query: Query, body: Body, path: str) -> Any:
        """The value at a path, through the records of the store."""
        object, at, steps = query.object, body, path.split(".")
        for step in steps[:-1]:
            name, field = next(
                (n, f) for n, f in self.schema[object].items() if f.relationship == step
            )
            object = str(field.parent)
            parent = self._store.get(VENDOR, object, str(at.get(name)))
            if parent is None:
                return None
            at = parent.body
        known = {name.lower(): name for name in self.schema[object]}
        value = at.get(known[steps[-1].lower()])
        kind = self.schema[object][known[steps[-1].lower()]].type
        return bool(value) if kind == "boolean" else value

    def _flat(self, query: Query, deleted: bool) -> list[Body]:
        """Rows of a bulk job: dotted names."""
        return [
            {name: self._value(query, body, name) for name in query.fields}
            for body in self._matching(query, deleted)
        ]

    def _shown(self, query: Query, body: Body, version: str) -> Body:
        """A record of a REST answer: parents nested, null where there is none."""
        url = f"/services/data/{version}/sobjects/{query.object}/{body['Id']}"
        shown: Body = {"attributes": {"type": query.object, "url": url}}
        for name in query.fields:
            *parents, last = name.split(".")
            at: Body | None = shown
            for place, step in enumerate(parents):
                there = self._value(query, body, ".".join([*parents[: place + 1], "Id"]))
                at = at.setdefault(step, {"attributes": {}} if there else None) if at else None
            if at is not None:
                at[last] = self._value(query, body, name)
        return shown

    def _described(self, name: str) -> Body:
        fields = [
            {
                "name": field_name,
                "type": field.type,
                "relationshipName": field.relationship,
                "referenceTo": [field.parent] if field.parent else [],
            }
            for field_name, field in self.schema[name].items()
        ]
        return {**self._short(name), "fields": fields}

    def _short(self, name: str) -> Body:
        history = name.endswith("History")
        return {
            "name": name,
            "label": name.removesuffix("__c").replace("_", " "),
            "queryable": True,
            "layoutable": not history,
            "createable": not history,
            "customSetting": False,
            "deprecatedAndHidden": False,
        }

    def _limits(self) -> Response:
        if not self._sees_limits:
            return _error(403, "INSUFFICIENT_ACCESS", "View Setup and Configuration is needed")
        left = max(0, self.allowance - self.used)
        return Response.of_json(
            {
                "DailyApiRequests": {"Max": self.allowance, "Remaining": left},
                "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 9_990},
            }
        )


def _error(status: int, code: str, message: str) -> Response:
    return Response.of_json([{"message": message, "errorCode": code}], status)


def _oauth_error(code: str, description: str) -> Response:
    return Response.of_json({"error": code, "error_description": description}, 400)
