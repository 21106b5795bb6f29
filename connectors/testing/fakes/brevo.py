"""A fake Brevo account: API v3, contacts, folders and lists, stateful.

Data flow: HTTP -> BrevoFake (key, rate, routes) -> Contacts, Lists -> RecordStore("brevo", ...) and
its journal of every change.

Facts: the key is the header `api-key`; 401 {code: unauthorized}; below /v3/contacts 10 requests a
second and 36,000 an hour, 429 beyond, with x-sib-ratelimit-limit, -remaining and -reset (seconds)
on every answer and no Retry-After (developers.brevo.com/docs/api-limits and limit-headers).
Sources of the rest are named in brevo_common, brevo_contacts and brevo_lists. Not offered: imports,
batches and all that sends.
Not verified: the text of a 429, and which of the two windows the headers tell of (the second here).
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectors.testing.fakes.brevo_common import (
    VENDOR,
    Body,
    BrevoError,
    Journal,
    not_found,
)
from connectors.testing.fakes.brevo_contacts import Contacts
from connectors.testing.fakes.brevo_lists import Lists
from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

PER_SECOND = 10
KEY = "sandbox-brevo-key"
DEFAULT_ATTRIBUTES = {"FIRSTNAME": "text", "LASTNAME": "text", "MEMBERNO": "text"}
Made = Body | tuple[int, Body | None] | None


class BrevoFake:
    """One account. `per_second`: requests allowed within a second (0: no limit); `reset`: seconds
    until there are some again, as its headers tell it.
    """

    def __init__(
        self,
        store: RecordStore,
        api_key: str = KEY,
        *,
        attributes: Mapping[str, str] = DEFAULT_ATTRIBUTES,
        per_second: int = 0,
        reset: int = 1,
    ) -> None:
        self._store, self._key, self._per_second = store, api_key, per_second
        self._reset = reset
        journal = Journal(store)
        self.contacts = Contacts(store, journal, attributes)
        self.lists = Lists(store, self.contacts, journal)
        self._times: deque[float] = deque()
        self._lock = threading.Lock()
        self._routes = list(self._table())

    def journal(self) -> list[Body]:
        """Every change to contacts so far, oldest first (see brevo_common.Journal)."""
        return [record.body for record in self._store.query(VENDOR, "journal")]

    def handle(self, request: Request) -> Response:
        left = self._spend()
        try:
            if left < 0:
                raise BrevoError(429, "too_many_requests", "Too many requests.")
            if request.headers.get("api-key") != self._key:
                raise BrevoError(401, "unauthorized", "Key not found")
            answer = self._route(request)
        except BrevoError as error:
            response = error.response()
        else:
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            empty = body is None
            response = Response(204) if empty else Response.of_json(body, status)
        return replace(response, headers={**response.headers, **self._told(left)})

    def _told(self, left: int) -> dict[str, str]:
        if not self._per_second:
            return {}
        return {
            "x-sib-ratelimit-limit": str(self._per_second),
            "x-sib-ratelimit-remaining": str(max(0, left)),
            "x-sib-ratelimit-reset": str(self._reset),
        }

    def _spend(self) -> int:
        """Requests left in this second after this one; negative when there was none."""
        if not self._per_second:
            return 1
        with self._lock:
            now = time.monotonic()
            while self._times and now - self._times[0] >= 1.0:
                self._times.popleft()
            left = self._per_second - len(self._times) - 1
            if left >= 0:
                self._times.append(now)
            return left

    def _route(self, request: Request) -> Made:
        known_path = False
        for method, pattern, action in self._routes:
            found = pattern.fullmatch(request.path.rstrip("/"))
            if found is None:
                continue
            known_path = True
            if method == request.method:
                return action(request, *found.groups())
        if known_path:
            raise BrevoError(405, "method_not_allowed", "Method not allowed")
        raise not_found("Invalid route/method passed")

    def _table(self) -> Iterator[tuple[str, re.Pattern[str], Callable[..., Made]]]:
        contacts, lists = self.contacts, self.lists
        root = "/v3/contacts"
        a_list, a_folder, contact = rf"{root}/lists/(\d+)", rf"{root}/folders/(\d+)", f"{root}/(.+)"
        table: tuple[tuple[str, str, Callable[..., Made]], ...] = (
            ("GET", root, contacts.page),
            ("POST", root, lambda r: contacts.create(r, _body(r))),
            ("GET", f"{root}/attributes", lambda _r: contacts.attribute_list()),
            ("GET", f"{root}/folders", lists.folders),
            ("POST", f"{root}/folders", lambda r: lists.create_folder(r, _body(r))),
            ("GET", f"{a_folder}/lists", lists.page),
            ("GET", f"{root}/lists", lists.page),
            ("POST", f"{root}/lists", lambda r: lists.create(r, _body(r))),
            ("GET", a_list, lambda _r, id: lists.get(id)),
            ("PUT", a_list, lambda r, id: lists.rename(id, _body(r))),
            ("DELETE", a_list, lambda _r, id: lists.delete(id)),
            ("GET", f"{a_list}/contacts", lists.contacts),
            ("POST", f"{a_list}/contacts/add", lambda r, id: lists.add(r, id, _body(r))),
            ("POST", f"{a_list}/contacts/remove", lambda r, id: lists.remove(r, id, _body(r))),
            ("GET", contact, lambda _r, key: contacts.get(key)),
            ("PUT", contact, lambda r, key: contacts.update(key, _body(r))),
            ("DELETE", contact, lambda _r, key: contacts.delete(key)),
        )
        for method, path, action in table:
            yield method, re.compile(path), action


def _body(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BrevoError(400, "bad_request", "Input must be a valid JSON object")
    return body
