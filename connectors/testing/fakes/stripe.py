"""A fake Stripe API, read side: customers, subscriptions, invoices, charges and what follows them.

Data flow: GET /v1/<list>[/{id}] -> RecordStore("stripe", entity) -> list envelope or object.

Facts from Stripe's OpenAPI description (API version 2023-08-16) and its documentation pages on
pagination, errors and rate limits: newest first; limit 1 to 100, 10 by default; starting_after and
ending_before name an object and exclude each other; created takes a number or gt, gte, lt, lte;
events are kept for 30 days and filtered by `type` (with *) or `types[]` (at most 20);
subscriptions that were cancelled are listed only with status=all, canceled or ended; errors are
{"error": {type, code, message, param}} with type invalid_request_error; the key comes as Bearer or
as the Basic user name; too many requests are 429 with code rate_limit.
Not verified: the exact words of the messages and the code for a limit out of range.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from connectors.testing.fakes.sql_list import Clause, SqlList, field
from connectors.testing.fakes.stripe_objects import API_VERSION, complete
from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "stripe"
EVENT_DAYS = 30
_LISTS = {
    "customers": "customer",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "events": "event",
}
# Query parameters that filter by a stored field of the same name.
_EQUAL = {
    "customer": ("email",),
    "subscription": ("customer", "status"),
    "invoice": ("customer", "status"),
    "charge": ("customer", "payment_intent"),
    "refund": ("charge",),
    "dispute": ("charge", "payment_intent"),
    "event": (),
}
_PAGING = {"limit", "starting_after", "ending_before", "created", "expand"}
Key = tuple[int, int, str]
_CREATED_AT = field("created")
_PLACE = f"({_CREATED_AT}, sort, id)"
_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}
_CREATED = re.compile(r"^created(?:\[(gt|gte|lt|lte)\])?$")


class StripeError(Exception):
    """An answer in Stripe's error form."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": "invalid_request_error"}
        if code is not None:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code}"}
        if param is not None:
            self.error["param"] = param


class StripeFake:
    """One account. `requests_per_second`: more is 429 (Stripe allows 25 in test mode)."""

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sk_test_sandbox",
        *,
        requests_per_second: int | None = None,
    ) -> None:
        self._store = store
        self._key = api_key
        self._limit = requests_per_second
        self._recent: list[float] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._lists = {
            kind: SqlList(store, VENDOR, kind, [(_CREATED_AT, "sort", "id")])
            for kind in _LISTS.values()
        }

    def handle(self, request: Request) -> Response:
        headers = {
            "Request-Id": f"req_{next(self._numbers):014d}",
            "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
        }
        try:
            return Response.of_json(self._answer(request), 200, headers)
        except StripeError as problem:
            if problem.status == 401:
                headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
            return Response.of_json({"error": problem.error}, problem.status, headers)

    def _answer(self, request: Request) -> dict[str, Any]:
        self._authenticate(request.headers.get("authorization", ""))
        self._throttle()
        parts = request.path.strip("/").split("/")
        kind = _LISTS.get(parts[1]) if len(parts) in (2, 3) and parts[0] == "v1" else None
        if kind is None or request.method != "GET":
            message = (
                f"Unrecognized request URL ({request.method}: {request.path}). "
                "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
            )
            raise StripeError(404, message)
        if len(parts) == 3:
            return self._one(kind, parts[2])
        return self._list(kind, request)

    def _authenticate(self, header: str) -> None:
        scheme, _, credential = header.partition(" ")
        key = ""
        if scheme.lower() == "bearer":
            key = credential.strip()
        elif scheme.lower() == "basic":
            try:
                key = base64.b64decode(credential).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if not key:
            raise StripeError(
                401,
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY').",
            )
        if key != self._key:
            # Stripe repeats only the last characters of the key.
            raise StripeError(401, f"Invalid API Key provided: sk_test_****{key[-4:]}")

    def _throttle(self) -> None:
        if self._limit is None:
            return
        now = time.monotonic()
        with self._lock:
            self._recent = [moment for moment in self._recent if now - moment < 1.0]
            if len(self._recent) >= self._limit:
                raise StripeError(429, "Request rate limit exceeded.", code="rate_limit")
            self._recent.append(now)

    def _one(self, kind: str, id: str) -> dict[str, Any]:
        record = self._store.get(VENDOR, kind, id)
        if record is None or (kind == "event" and record.body["created"] < self._oldest_event()):
            raise StripeError(404, f"No such {kind}: '{id}'", code="resource_missing", param="id")
        if kind == "customer" and record.body.get("deleted"):
            return {"id": id, "object": "customer", "deleted": True}
        return complete(kind, record.body)

    def _list(self, kind: str, request: Request) -> dict[str, Any]:
        params = _parameters(kind, request)
        limit = _limit(params.get("limit"))
        after, before = params.get("starting_after"), params.get("ending_before")
        if after and before:
            message = "Received both starting_after and ending_before parameters."
            raise StripeError(400, message, code="parameter_unknown", param="ending_before")
        clauses = self._clauses(kind, _equals(kind, params), request.query)
        # Newest first either way; ending_before takes the page next to its object.
        if after:
            clauses.append(
                Clause(f"{_PLACE} < (?, ?, ?)", self._anchor(kind, after, "starting_after"))
            )
        elif before:
            clauses.append(
                Clause(f"{_PLACE} > (?, ?, ?)", self._anchor(kind, before, "ending_before"))
            )
        direction = "" if before else " desc"
        order = f"{_CREATED_AT}{direction}, sort{direction}, id{direction}"
        found = self._lists[kind].page(clauses, order, limit + 1)
        page = found[:limit][::-1] if before else found[:limit]
        return {
            "object": "list",
            "data": [complete(kind, record.body) for record in page],
            "has_more": len(found) > limit,
            "url": request.path,
        }

    def _anchor(self, kind: str, id: str, param: str) -> Key:
        record = self._store.get(VENDOR, kind, id)
        if record is None:
            message = f"No such {kind}: '{id}'"
            raise StripeError(400, message, code="resource_missing", param=param)
        return (record.body["created"], record.sort, id)

    def _clauses(
        self, kind: str, equals: Mapping[str, str], query: tuple[tuple[str, str], ...]
    ) -> list[Clause]:
        found = [_fits(name, wanted) for name, wanted in equals.items()]
        found += [Clause(f"{_CREATED_AT} {_SIGNS[sign]} ?", (at,)) for sign, at in _bounds(query)]
        if kind == "customer":
            found.append(Clause(f"not coalesce({field('deleted')}, 0)"))
        if kind == "event":
            found.append(Clause(f"{_CREATED_AT} >= ?", (self._oldest_event(),)))
            types = _types(query)
            if types:
                choice = " or ".join([f"{field('type')} glob ?"] * len(types))
                found.append(Clause(f"({choice})", tuple(types)))
        return found

    def _oldest_event(self) -> int:
        return int(self._store.now().timestamp()) - EVENT_DAYS * 86_400


def _parameters(kind: str, request: Request) -> dict[str, str]:
    """The parameters, checked as Stripe checks them: an unknown one is an error."""
    known = _PAGING | set(_EQUAL[kind]) | ({"type", "types"} if kind == "event" else set())
    for name, _value in request.query:
        plain = name.partition("[")[0]
        if plain not in known or (plain == "created" and _CREATED.match(name) is None):
            message = f"Received unknown parameter: {name}"
            raise StripeError(400, message, code="parameter_unknown", param=name)
    return dict(request.query)


def _equals(kind: str, params: Mapping[str, str]) -> dict[str, str]:
    given = {name: params[name] for name in _EQUAL[kind] if name in params}
    return {"status": "not canceled"} | given if kind == "subscription" else given


def _fits(name: str, wanted: str) -> Clause:
    """The condition a filter means; three words of a subscription's status mean several."""
    several = {
        "all": "1",
        "ended": f"{field(name)} in ('canceled', 'incomplete_expired')",
        "not canceled": f"{field(name)} is not 'canceled'",
    }
    if name == "status" and wanted in several:
        return Clause(several[wanted])
    return Clause(f"{field(name)} = ?", (wanted,))


def _limit(text: str | None) -> int:
    code = "parameter_invalid_integer"
    try:
        limit = int(text) if text is not None else 10
    except ValueError:
        raise StripeError(400, f"Invalid integer: {text}", code=code, param="limit") from None
    if limit < 1:
        message = "This value must be greater than or equal to 1."
        raise StripeError(400, message, code=code, param="limit")
    if limit > 100:
        message = f"This value must be less than or equal to 100 (it currently is '{limit}')."
        raise StripeError(400, message, code=code, param="limit")
    return limit


def _bounds(query: tuple[tuple[str, str], ...]) -> list[tuple[str, int]]:
    bounds = []
    for name, value in query:
        found = _CREATED.match(name)
        if found is None:
            continue
        if not value.isdigit():
            code = "parameter_invalid_integer"
            raise StripeError(400, f"Invalid integer: {value}", code=code, param=name)
        bounds.append((found[1] or "eq", int(value)))
    return bounds


def _types(query: tuple[tuple[str, str], ...]) -> list[str]:
    single = [value for name, value in query if name == "type"]
    several = [value for name, value in query if name.startswith("types")]
    if single and several:
        message = "You may pass either `type` or `types`, but not both."
        raise StripeError(400, message, param="types")
    if len(several) > 20:
        raise StripeError(400, "Array too long: maximum 20 entries.", param="types")
    return single or [re.sub(r"([*?\[])", r"[\1]", value) for value in several]
