"""A fake HubSpot account: contacts, lists and communication preferences, stateful.

Data flow: HTTP -> HubspotFake (token, limits, routes) -> Contacts, Lists, Preferences ->
RecordStore("hubspot", ...) and the journal of every change of consent.

Facts: bearer token, 401 INVALID_AUTHENTICATION; requests per 10 s (policy TEN_SECONDLY_ROLLING) and
per day (DAILY), 429 with policyName in the body; X-HubSpot-RateLimit-Max, -Remaining,
-Interval-Milliseconds, -Daily and -Daily-Remaining on answers but not on those of search, which has
5 a second of its own (developers.hubspot.com, usage guidelines and search). Sources of the rest are
named in the other hubspot_*.py. Not offered: all that sends.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connectors.testing.fakes.hubspot_common import VENDOR, Body, HubspotError, Shelf, not_found
from connectors.testing.fakes.hubspot_contacts import Contacts
from connectors.testing.fakes.hubspot_lists import Lists
from connectors.testing.fakes.hubspot_preferences import Preferences
from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

KEY = "sandbox-hubspot-token"
PROPERTIES = ("firstname", "lastname", "member_number")
Made = Body | tuple[int, Body] | None
_INTERVAL = 10.0


class HubspotFake:
    """One account. `per_interval`: requests within 10 s, `per_day`: in all (0: no limit)."""

    def __init__(
        self,
        store: RecordStore,
        token: str = KEY,
        *,
        properties: Iterable[str] = PROPERTIES,
        per_interval: int = 0,
        per_day: int = 0,
        search_lag: timedelta = timedelta(0),
        enterprise: bool = False,
    ) -> None:
        self._store, self._token = store, token
        self._per_interval, self._per_day, self._used = per_interval, per_day, 0
        shelf = Shelf(store)
        self.preferences = Preferences(shelf, enterprise=enterprise)
        self.contacts = Contacts(shelf, self.preferences, properties, search_lag)
        self.lists = Lists(shelf, self.contacts)
        self._times: deque[float] = deque()
        self._lock = threading.Lock()
        self._routes = list(self._table())

    def journal(self) -> list[Body]:
        """Every change of what an address has said, oldest first."""
        return [record.body for record in self._store.query(VENDOR, "journal")]

    def person_acts(self, email: str, *, subscription: int | None = None) -> None:
        """The person opts out; the contact (if there is one) counts as changed."""
        self.preferences.person_acts(email, subscription=subscription)
        self.contacts.touch(email)

    def handle(self, request: Request) -> Response:
        told: dict[str, str] = {}
        try:
            told = self._spend()
            if request.headers.get("authorization") != f"Bearer {self._token}":
                raise HubspotError(401, "INVALID_AUTHENTICATION", "Authentication not found.")
            answer = self._route(request)
        except HubspotError as error:
            response = error.response()
        else:
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            response = Response(204) if body is None else Response.of_json(body, status)
        return replace(response, headers={**response.headers, **told})

    def _spend(self) -> dict[str, str]:
        """Count a request; the headers that tell what is left, or a 429."""
        with self._lock:
            told: dict[str, str] = {}
            if self._per_day:
                left = self._per_day - self._used - 1
                if left < 0:
                    raise _too_many("DAILY", "You have reached your daily limit.")
                told["X-HubSpot-RateLimit-Daily"] = str(self._per_day)
                told["X-HubSpot-RateLimit-Daily-Remaining"] = str(left)
            if self._per_interval:
                now = time.monotonic()
                while self._times and now - self._times[0] >= _INTERVAL:
                    self._times.popleft()
                left = self._per_interval - len(self._times) - 1
                if left < 0:
                    text = "You have reached your ten_secondly_rolling limit."
                    raise _too_many("TEN_SECONDLY_ROLLING", text)
                self._times.append(now)
                told["X-HubSpot-RateLimit-Max"] = str(self._per_interval)
                told["X-HubSpot-RateLimit-Remaining"] = str(left)
                told["X-HubSpot-RateLimit-Interval-Milliseconds"] = str(int(_INTERVAL * 1000))
            self._used += 1
            return told

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
            raise HubspotError(405, "VALIDATION_ERROR", "Method not allowed")
        raise not_found("resource not found")

    def _properties(self) -> Body:
        known = {*self.contacts.writable, "lastmodifieddate", "hs_additional_emails"}
        known |= {"hs_email_hard_bounce_reason_enum", "hs_email_bad_address"}
        known |= {"hs_email_quarantined", *self.preferences.properties("nobody@example.org")}
        return {"results": [{"name": name, "type": "string"} for name in sorted(known)]}

    def _table(self) -> Iterator[tuple[str, re.Pattern[str], Callable[..., Made]]]:
        contacts, lists, said = self.contacts, self.lists, self.preferences
        root, every = "/crm/v3/objects/contacts", "/crm/v3/lists"
        members = rf"{every}/(\d+)/memberships"
        status = "/communication-preferences/v4/statuses"
        table: tuple[tuple[str, str, Callable[..., Made]], ...] = (
            ("GET", "/crm/v3/properties/contacts", lambda _r: self._properties()),
            ("GET", root, contacts.page),
            ("POST", root, lambda r: contacts.create(r, _object(r))),
            ("POST", f"{root}/search", lambda r: contacts.search(r, _object(r))),
            ("POST", f"{root}/batch/read", lambda r: contacts.batch_read(r, _object(r))),
            ("POST", f"{root}/batch/upsert", lambda r: contacts.batch_upsert(r, _object(r))),
            ("POST", f"{root}/gdpr-delete", lambda r: contacts.gdpr_delete(_object(r))),
            ("GET", f"{root}/([^/]+)", contacts.get),
            ("PATCH", rf"{root}/(\d+)", lambda r, id: contacts.update(id, _object(r))),
            ("DELETE", rf"{root}/(\d+)", lambda _r, id: contacts.archive(id)),
            ("POST", f"{every}/search", lambda r: lists.search(r, _object(r))),
            ("POST", every, lambda r: lists.create(r, _object(r))),
            ("DELETE", rf"{every}/(\d+)", lambda _r, id: lists.delete(id)),
            ("GET", members, lists.page),
            ("PUT", f"{members}/add", lambda r, id: lists.add(id, r.json())),
            ("PUT", f"{members}/remove", lambda r, id: lists.remove(id, r.json())),
            ("PUT", f"{members}/add-and-remove", lambda r, id: lists.add_and_remove(id, r.json())),
            ("DELETE", members, lambda _r, id: lists.clear(id)),
            ("POST", f"{status}/batch/read", lambda r: said.batch_read(r, _object(r))),
            ("POST", f"{status}/batch/write", lambda r: said.batch_write(_object(r))),
            ("GET", f"{status}/([^/]+)/unsubscribe-all", said.read_all),
            ("POST", f"{status}/([^/]+)/unsubscribe-all", said.unsubscribe_all),
            ("GET", f"{status}/([^/]+)", said.read),
            ("POST", f"{status}/([^/]+)", lambda r, who: said.write(who, _object(r))),
        )
        for method, path, action in table:
            yield method, re.compile(path), action


def _too_many(policy: str, message: str) -> HubspotError:
    return HubspotError(429, "RATE_LIMITS", message, errorType="RATE_LIMIT", policyName=policy)


def _object(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise HubspotError(400, "VALIDATION_ERROR", "Invalid input JSON")
    return body
