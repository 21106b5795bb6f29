"""A fake Typeform API, read side: forms, their definitions, and their responses.

Data flow: GET /forms, /forms/{id}, /forms/{id}/responses -> RecordStore("typeform", ...) -> JSON.

Facts (typeform.com/developers: Responses and Create API reference, the page explaining a response's
JSON; singer-io/tap-typeform on GitHub): bearer token; lists are {total_items, page_count, items};
forms by `page` and `page_size` (10 by default, at most 200), `sort_by` created_at or
last_updated_at; responses newest first, `page_size` 25 by default and at most 1000, `since` and
`until` inclusive on `submitted_at` as unix seconds or ISO 8601 to the second, `before` and `after`
a token, exclusive, not together with `sort`; only completed ones unless `response_type` says
otherwise; a very recent response may be missing for about 30 minutes; two requests a second.
Not verified: the code of each error, the answer to an unknown token, the order of `after`.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.testing.server import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "typeform"
Body = dict[str, Any]
_METADATA = {
    "user_agent": "Mozilla/5.0",
    "platform": "other",
    "referer": "https://example.typeform.com/to/form",
    "network_id": "0123456789",
    "browser": "default",
}
_RESPONSES = {
    *("page_size", "since", "until", "after", "before", "sort", "response_type"),
    *("included_response_ids", "excluded_response_ids", "query", "fields"),
}


class TypeformError(Exception):
    """An answer in Typeform's error form."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status, self.code = status, code


class TypeformFake:
    """One account. `requests_per_second`: more is 429; `lag`: how long a response stays unseen."""

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-typeform-token",
        *,
        requests_per_second: int | None = None,
        lag: timedelta = timedelta(0),
    ) -> None:
        self._store, self._key, self._lag = store, api_key, lag
        self._limit = requests_per_second
        self._recent: list[float] = []
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        try:
            return Response.of_json(self._answer(request))
        except TypeformError as problem:
            body = {"code": problem.code, "description": str(problem)}
            return Response.of_json(body, problem.status)

    def _answer(self, request: Request) -> Body:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token != self._key:
            raise TypeformError(401, "AUTHENTICATION_FAILED", "Invalid credentials")
        self._throttle()
        parts = request.path.strip("/").split("/")
        params = dict(request.query)
        if request.method != "GET" or parts[0] != "forms" or len(parts) > 3:
            raise TypeformError(404, "NOT_FOUND", "Endpoint not found")
        if len(parts) == 1:
            return self._forms(params)
        form = self._store.get(VENDOR, "form", parts[1])
        if form is None:
            raise TypeformError(404, "FORM_NOT_FOUND", "Non existing form")
        if len(parts) == 2:
            return {"fields": [], "hidden": [], "settings": {"is_public": True}, **form.body}
        if parts[2] != "responses":
            raise TypeformError(404, "NOT_FOUND", "Endpoint not found")
        return self._responses(form.id, params)

    def _throttle(self) -> None:
        if self._limit is None:
            return
        now = time.monotonic()
        with self._lock:
            self._recent = [moment for moment in self._recent if now - moment < 1.0]
            if len(self._recent) >= self._limit:
                raise TypeformError(429, "RATE_LIMITED", "Too many requests")
            self._recent.append(now)

    def _forms(self, params: Mapping[str, str]) -> Body:
        size = _number(params, "page_size", 10, 200)
        page = _number(params, "page", 1, 10**6)
        by = params.get("sort_by", "last_updated_at")
        if by not in ("created_at", "last_updated_at"):
            raise TypeformError(400, "VALIDATION_ERROR", "sort_by is not valid")
        newest_first = params.get("order_by", "desc") == "desc"
        found = sorted(
            self._store.query(VENDOR, "form"),
            key=lambda record: (record.body[by], record.sort),
            reverse=newest_first,
        )
        told = ("id", "title", "type", "created_at", "last_updated_at")
        rows = [
            {name: record.body[name] for name in told if name in record.body}
            for record in found[(page - 1) * size : page * size]
        ]
        return _list(rows, len(found), size)

    def _responses(self, form: str, params: Mapping[str, str]) -> Body:
        unknown = params.keys() - _RESPONSES
        if unknown:
            raise TypeformError(400, "VALIDATION_ERROR", f"unknown parameter {min(unknown)}")
        size = _number(params, "page_size", 25, 1000)
        after, before = params.get("after"), params.get("before")
        if (after or before) and "sort" in params:
            raise TypeformError(400, "VALIDATION_ERROR", "sort can not be used with a token")
        keys = sorted(self._visible(form, params))
        low, high = 0, len(keys)
        if before:
            high = bisect_left(keys, self._key_of(form, before))
        if after:
            low = bisect_right(keys, self._key_of(form, after))
        chosen = keys[low:high]
        page = chosen[:size] if after else chosen[::-1][:size]
        records = {r.id: r for r in self._store.query(VENDOR, "response", parent=form)}
        rows = [_response(records[token].body) for _at, token in page]
        return _list(rows, len(chosen), size)

    def _visible(self, form: str, params: Mapping[str, str]) -> list[tuple[datetime, str]]:
        """(submitted, token) of the form's responses that the filters and the lag leave."""
        types = params.get("response_type", "completed").split(",")
        since, until = _moment(params.get("since")), _moment(params.get("until"))
        latest = self._store.now() - self._lag
        found = []
        for record in self._store.query(VENDOR, "response", parent=form):
            at = datetime.fromisoformat(record.body["submitted_at"])
            if record.body.get("response_type", "completed") not in types or at > latest:
                continue
            if (since is None or at >= since) and (until is None or at <= until):
                found.append((at, record.id))
        return found

    def _key_of(self, form: str, token: str) -> tuple[datetime, str]:
        record = self._store.get(VENDOR, "response", token)
        if record is None or record.parent != form:
            raise TypeformError(400, "VALIDATION_ERROR", "unknown token")
        return datetime.fromisoformat(record.body["submitted_at"]), token


def add_form(store: RecordStore, id: str, fields: list[Body], **body: Any) -> None:
    """A form with these questions, made at the store's time unless `body` says otherwise."""
    now = store.now()
    made = now.isoformat(timespec="seconds")
    full = {"id": id, "title": id, "type": "form", "created_at": made, "last_updated_at": made}
    sort, at = 1 + store.count(VENDOR, "form"), now.timestamp()
    store.put(Record(VENDOR, "form", id, {**full, **body, "fields": fields}, sort, at, at))


def question(ref: str, kind: str, **properties: Any) -> Body:
    """A question as a definition has it; `properties.fields` are the questions of a group."""
    return {"id": f"id_{ref}", "ref": ref, "title": ref, "type": kind, "properties": properties}


def answer(ref: str, kind: str, type: str, value: Any) -> Body:
    """An answer to the question: its value lies under the name of the answer's type."""
    return {"field": {"id": f"id_{ref}", "ref": ref, "type": kind}, "type": type, type: value}


def respond(store: RecordStore, form: str, token: str, answers: list[Body], **body: Any) -> None:
    """A response submitted at the store's time unless `body` says otherwise."""
    now = store.now()
    at = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    full = {"token": token, "landed_at": at, "submitted_at": at, "answers": answers, **body}
    sort, seconds = 1 + store.count(VENDOR, "response"), now.timestamp()
    store.put(Record(VENDOR, "response", token, full, sort, seconds, seconds, form))


def _response(body: Body) -> Body:
    made = {"landing_id": body["token"], "response_id": body["token"], "metadata": _METADATA}
    return {**made, "hidden": {}, "calculated": {"score": 0}, "answers": [], **body}


def _list(rows: list[Body], total: int, size: int) -> Body:
    return {"total_items": total, "page_count": -(-total // size), "items": rows}


def _number(params: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = params.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise TypeformError(400, "VALIDATION_ERROR", f"{name} must be between 1 and {most}")
    return int(text)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = (
            datetime.fromtimestamp(int(text), UTC)
            if text.isdigit()
            else datetime.fromisoformat(text)
        )
    except ValueError:
        raise TypeformError(400, "VALIDATION_ERROR", "not a date and time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
