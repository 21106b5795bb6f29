"""A fake SendGrid account: Marketing contacts, lists, jobs and suppressions, stateful.

Data flow: HTTP -> SendgridFake (key, rate, routes) -> Contacts, suppressions ->
RecordStore("sendgrid", ...).

Facts: a bearer key, 401 without; X-RateLimit headers and 429 beyond (twilio.com/docs/sendgrid,
rate-limits); suppressions are lists of {created, email} by limit and offset, start_time inclusive,
kept by address whether or not there is such a contact; unsubscribe groups in asm/suppressions; a
DELETE of an entry lets the person be written to again (spec/yaml/tsg_suppressions_v3.yaml).
Not verified: the order of the pages (the fake: newest first).
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from connectors.testing.fakes.sendgrid_common import VENDOR, Body, SendgridError, Shelf
from connectors.testing.fakes.sendgrid_contacts import Contacts
from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

KEY = "SG.sandbox-key"
LISTS = ("unsubscribes", "spam_reports", "bounces", "invalid_emails")
Made = Any
_PERIOD = 2.0  # seconds


class SendgridFake:
    """One account. `delay`: requests until a job is done; `allowed`: per two seconds (0: all)."""

    def __init__(self, store: RecordStore, *, delay: int = 1, allowed: int = 0) -> None:
        self._store, self._allowed = store, allowed
        self._until, self._used = 0.0, 0
        self._lock = threading.Lock()
        self.most_entries = 500  # per page
        self._shelf = Shelf(store, delay)
        self.contacts = Contacts(self._shelf)
        self._routes = list(self._table())

    # --- for tests --------------------------------------------------------------------------

    def suppress(self, email: str, name: str, group: int = 0) -> None:
        """An address objects: one of LISTS, or "group" with the group's id."""
        entry = {"email": email.lower(), "created": int(self._store.now().timestamp())}
        body = {**entry, "list": name, "group": group}
        self._shelf.put("suppression", f"{name}:{group}:{email.lower()}", body)

    def suppressions(self) -> list[Body]:
        return self._shelf.all("suppression")

    # --- the API ----------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        found = re.fullmatch(r"/files/([0-9a-f-]+)\.csv\.gz", request.path)
        if found is not None:  # a storage host: no key, and no header of ours
            content = self.contacts.file(found[1])
            bare = "authorization" not in request.headers and content is not None
            return Response(200 if bare else 403, {}, content or b"")
        left = self._spend()
        reset = str(math.ceil(self._until))  # unix seconds
        headers = {"X-RateLimit-Remaining": str(max(0, left)), "X-RateLimit-Reset": reset}
        if left < 0:
            body = {"errors": [{"field": None, "message": "too many requests"}]}
            return Response.of_json(body, 429, headers)
        self._shelf.tick()
        try:
            if request.headers.get("authorization") != f"Bearer {KEY}":
                raise SendgridError(401, "authorization required")
            answer = self._route(request)
        except SendgridError as error:
            return error.response()
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return Response.of_json(body, status, headers)

    def _spend(self) -> int:
        with self._lock:
            if time.time() >= self._until:
                self._until, self._used = time.time() + _PERIOD, 0
            self._used += 1
            return self._allowed - self._used if self._allowed else 500

    def _route(self, request: Request) -> Made:
        for method, pattern, action in self._routes:
            found = pattern.fullmatch(request.path)
            if found is not None and method == request.method:
                more = (_body(request),) if method in ("POST", "PUT") else ()
                return action(request, *found.groups(), *more)
        raise SendgridError(404, "not found")

    def _table(self) -> Iterator[tuple[str, re.Pattern[str], Callable[..., Made]]]:
        contacts = self.contacts
        table: tuple[tuple[str, str, Callable[..., Made]], ...] = (
            ("PUT", "marketing/contacts", contacts.upsert),
            ("DELETE", "marketing/contacts", contacts.delete),
            ("GET", "marketing/contacts/count", contacts.count),
            ("GET", r"marketing/contacts/imports/([^/]+)", contacts.job),
            ("POST", "marketing/contacts/search/emails", contacts.search),
            ("POST", "marketing/contacts/exports", contacts.export),
            ("GET", r"marketing/contacts/exports/([^/]+)", contacts.exported),
            ("GET", "marketing/lists", contacts.lists),
            ("POST", "marketing/lists", contacts.create_list),
            ("DELETE", r"marketing/lists/([^/]+)/contacts", contacts.remove),
            ("GET", r"suppression/(\w+)", self._page),
            ("DELETE", r"suppression/(\w+)/([^/]+)", self._lift),
            ("GET", "asm/suppressions", self._groups),
        )
        for method, path, action in table:
            yield method, re.compile(f"/v3/{path}"), action

    def _page(self, request: Request, name: str) -> list[Body]:
        since = int(request.param("start_time") or 0)
        start, limit = int(request.param("offset") or 0), int(request.param("limit") or 500)
        found = [
            {"created": one["created"], "email": one["email"]}
            for one in self.suppressions()
            if one["list"] == name and one["created"] >= since
        ]
        found.sort(key=lambda one: -one["created"])
        return found[start : start + min(limit, self.most_entries)]

    def _groups(self, _request: Request) -> list[Body]:
        return [
            {
                "email": one["email"],
                "group_id": one["group"],
                "group_name": f"Group {one['group']}",
                "created_at": one["created"],
            }
            for one in self.suppressions()
            if one["list"] == "group"
        ]

    def _lift(self, _request: Request, name: str, email: str) -> tuple[int, Body]:
        """The trap: the person is written to again."""
        self._store.delete(VENDOR, "suppression", f"{name}:0:{email}")
        return 204, {}


def _body(request: Request) -> Body:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise SendgridError(400, "the body is no JSON object")
    return body
