"""A fake ActiveCampaign account: API v3, contacts, lists, tags and imports, stateful.

Data flow: HTTP -> ActiveCampaignFake (token, rate, routes) -> Contacts, Tags ->
RecordStore("activecampaign", ...) and the journal of every change of a list status.

Facts: the token is the header Api-Token, 403 without; 5 requests a second for the whole account,
429 with Retry-After beyond (developers.activecampaign.com, authentication and rate-limits).
Sources of the rest are named in the other activecampaign_*.py. Not offered: all that sends, deals.
Not verified: the text of a 429.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from connectors.testing.fakes.activecampaign_common import (
    VENDOR,
    ActiveCampaignError,
    Body,
    Shelf,
)
from connectors.testing.fakes.activecampaign_contacts import Contacts
from connectors.testing.fakes.activecampaign_tags import Tags
from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

KEY = "sandbox-activecampaign-token"
PER_SECOND = 5
Made = Body | tuple[int, Body]


class ActiveCampaignFake:
    """One account. `per_second`: requests allowed within a second (0: no limit)."""

    def __init__(
        self,
        store: RecordStore,
        token: str = KEY,
        *,
        per_second: int = 0,
        list_changes_move_udate: bool = True,
    ) -> None:
        self._store, self._token, self._per_second = store, token, per_second
        self._shelf = Shelf(store)
        self.contacts = Contacts(self._shelf, list_changes_move_udate=list_changes_move_udate)
        self.tags = Tags(self._shelf, self.contacts)
        self._times: deque[float] = deque()
        self._lock = threading.Lock()
        self._routes = list(self._table())

    def make_list(self, name: str) -> str:
        """A list as somebody makes it in the web interface; its id."""
        number = self._shelf.number("list")
        self._shelf.put("list", str(number), {"id": str(number), "name": name}, number)
        return str(number)

    def journal(self) -> list[Body]:
        """Every change of a list status, oldest first."""
        return [record.body for record in self._store.query(VENDOR, "journal")]

    def handle(self, request: Request) -> Response:
        if not self._spend():
            body = {"message": "You have exceeded the limit of requests"}
            return Response.of_json(body, 429, {"Retry-After": "1"})
        try:
            if request.headers.get("api-token") != self._token:
                raise ActiveCampaignError(403, "You do not have permission to do this")
            answer = self._route(request)
        except ActiveCampaignError as error:
            return error.response()
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return Response.of_json(body, status)

    def _spend(self) -> bool:
        """Whether this request is still allowed within the second."""
        if not self._per_second:
            return True
        with self._lock:
            now = time.monotonic()
            while self._times and now - self._times[0] >= 1.0:
                self._times.popleft()
            if len(self._times) >= self._per_second:
                return False
            self._times.append(now)
            return True

    def _route(self, request: Request) -> Made:
        for method, pattern, action in self._routes:
            found = pattern.fullmatch(request.path.rstrip("/"))
            if found is not None and method == request.method:
                more = (_body(request),) if method in ("POST", "PUT") else ()
                return action(request, *found.groups(), *more)
        raise ActiveCampaignError(404, "The path does not exist")

    def _table(self) -> Iterator[tuple[str, re.Pattern[str], Callable[..., Made]]]:
        contacts, tags = self.contacts, self.tags
        one = r"contacts/(\d+)"
        table: tuple[tuple[str, str, Callable[..., Made]], ...] = (
            ("GET", "contacts", tags.contacts),
            ("POST", "contacts", contacts.create),
            ("GET", one, contacts.get),
            ("PUT", one, contacts.update),
            ("DELETE", one, contacts.delete),
            ("POST", "contact/sync", contacts.sync),
            ("POST", "contactLists", contacts.subscribe),
            ("GET", "tags", tags.page),
            ("POST", "tags", tags.create),
            ("POST", "contactTags", tags.add),
            ("DELETE", r"contactTags/(\d+)", tags.remove),
            ("POST", "import/bulk_import", tags.start_import),
            ("GET", "import/info", tags.import_info),
        )
        for method, path, action in table:
            yield method, re.compile(f"/api/3/{path}"), action


def _body(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ActiveCampaignError(400, "The body is no JSON object", "bad_request")
    return body
