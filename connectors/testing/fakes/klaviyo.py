"""A fake Klaviyo account (revision 2026-07-15): profiles, lists and jobs, stateful.

Data flow: HTTP -> KlaviyoFake (key, revision, rate, routes) -> Profiles, Lists, Jobs ->
RecordStore("klaviyo", ...) and the journal of every change of consent.

Facts: Authorization: Klaviyo-API-Key, 401 not_authenticated; the header revision is required;
RateLimit-Limit, -Remaining and -Reset (seconds) tell the steady window on answers that are no 429,
and a 429 has Retry-After instead (developers.klaviyo.com, rate limits and error handling). Sources
of the rest are named in the other klaviyo_*.py. Not offered: all that sends, and events.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from connectors.testing.fakes.klaviyo_common import (
    JSON_API,
    VENDOR,
    Body,
    KlaviyoError,
    Shelf,
    invalid,
)
from connectors.testing.fakes.klaviyo_jobs import MAX_OF, Jobs
from connectors.testing.fakes.klaviyo_lists import Lists
from connectors.testing.fakes.klaviyo_profiles import Profiles
from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

KEY = "pk_sandbox_klaviyo"
Made = Body | tuple[int, Body] | None


class KlaviyoFake:
    """One account. `per_window`: requests within `window` seconds (0: no limit)."""

    def __init__(
        self, store: RecordStore, api_key: str = KEY, *, per_window: int = 0, window: float = 60.0
    ) -> None:
        self._store, self._key = store, api_key
        self._per_window, self._window = per_window, window
        shelf = Shelf(store)
        self.profiles = Profiles(shelf)
        self.lists = Lists(shelf, self.profiles)
        self.jobs = Jobs(shelf, self.profiles, self.lists)
        self._times: deque[float] = deque()
        self._lock = threading.Lock()
        self._routes = list(self._table())

    def journal(self) -> list[Body]:
        """Every change of consent, oldest first."""
        return [record.body for record in self._store.query(VENDOR, "journal")]

    def handle(self, request: Request) -> Response:
        left, wait = self._spend()
        if left < 0:
            error = KlaviyoError(429, "throttled", "Request was throttled.")
            return error.response({"Retry-After": str(max(1, round(wait)))})
        try:
            answer = self._route(request)
        except KlaviyoError as error:
            response = error.response()
        else:
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            empty = Response(204)
            response = empty if body is None else Response.of_json(body, status, None, JSON_API)
        if not self._per_window:
            return response
        told = {"RateLimit-Limit": str(self._per_window), "RateLimit-Remaining": str(left)}
        told["RateLimit-Reset"] = str(max(1, round(wait)))
        return replace(response, headers={**response.headers, **told})

    def _spend(self) -> tuple[int, float]:
        """Requests left in the window after this one, and seconds until it begins anew."""
        if not self._per_window:
            return 1, 0.0
        with self._lock:
            now = time.monotonic()
            if self._times and now - self._times[0] >= self._window:
                self._times.clear()
            left = self._per_window - len(self._times) - 1
            if left >= 0:
                self._times.append(now)
            return left, self._window - (now - self._times[0])

    def _route(self, request: Request) -> Made:
        if request.headers.get("authorization") != f"Klaviyo-API-Key {self._key}":
            text = "Authentication credentials were not provided."
            raise KlaviyoError(401, "not_authenticated", text)
        if not re.fullmatch(r"\d{4}-\d\d-\d\d(\..+)?", request.headers.get("revision", "")):
            raise invalid("Invalid revision header")
        known_path = False
        for method, pattern, action in self._routes:
            found = pattern.fullmatch(request.path.rstrip("/"))
            if found is None:
                continue
            known_path = True
            if method == request.method:
                more = () if method == "GET" else (_data(request),)
                return action(request, *found.groups(), *more)
        if known_path:
            raise KlaviyoError(405, "method_not_allowed", "Method not allowed.")
        raise KlaviyoError(404, "not_found", "The path does not exist.")

    def _table(self) -> Iterator[tuple[str, re.Pattern[str], Callable[..., Made]]]:
        profiles, lists, jobs = self.profiles, self.lists, self.jobs
        one, a_list = "/api/profiles/([^/]+)", "/api/lists/([^/]+)"
        members = f"{a_list}/relationships/profiles"
        kinds = "|".join(MAX_OF)
        table: tuple[tuple[str, str, Callable[..., Made]], ...] = (
            ("GET", "/api/profiles", profiles.page),
            ("POST", "/api/profiles", profiles.create),
            ("POST", "/api/profile-import", profiles.upsert),
            ("GET", one, profiles.get),
            ("PATCH", one, profiles.update),
            ("GET", "/api/lists", lists.page),
            ("POST", "/api/lists", lists.create),
            ("GET", a_list, lists.get),
            ("GET", f"{a_list}/profiles", lists.profiles),
            ("GET", members, lists.relationships),
            ("POST", members, lists.add),
            ("DELETE", members, lists.remove),
            ("POST", f"/api/(?:{kinds})s", jobs.create),
            ("GET", "/api/profile-bulk-import-jobs/([^/]+)", jobs.get),
            ("GET", "/api/profile-bulk-import-jobs/([^/]+)/import-errors", jobs.errors),
        )
        for method, path, action in table:
            yield method, re.compile(path), action


def _data(request: Request) -> Any:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "data" not in body:
        raise invalid("The payload has to contain 'data'.")
    return body["data"]
