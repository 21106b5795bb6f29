"""A fake Mautic installation: contacts, objections, segments, stateful.

Data flow: HTTP -> MauticFake (credentials, routes) -> Contacts, Segments ->
RecordStore("mautic", ...) and the journal of every change of an objection.

Facts: basic authentication or a bearer token from /oauth/v2/token by client credentials, good for
an hour (mautic/developer-documentation-new, docs/rest_api/authentication.rst); 401 without. Sources
of the rest are named in the other mautic_*.py. Not offered: batches, campaigns, all that sends.
Not verified: the words of a 401.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from connectors.testing.fakes.mautic_common import Body, MauticError, Shelf, not_found
from connectors.testing.fakes.mautic_contacts import Contacts
from connectors.testing.fakes.mautic_segments import Segments
from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

USER, PASSWORD = "member-journey", "sandbox-mautic-password"
CLIENT_ID, CLIENT_SECRET = "1_sandboxclient", "sandbox-mautic-secret"
ACCESS = "sandbox-mautic-access"
Made = Body | tuple[int, Body]


class MauticFake:
    """One installation. `count_seconds`: how long it counts from its cache (Mautic: 5)."""

    def __init__(self, store: RecordStore, *, count_seconds: float = 0.0) -> None:
        shelf = Shelf(store, count_seconds)
        self._shelf = shelf
        self.contacts = Contacts(shelf)
        self.segments = Segments(shelf, self.contacts)
        self._routes = list(self._table())

    def journal(self) -> list[Body]:
        """Every change of an objection, oldest first."""
        return self._shelf.all("journal")

    def handle(self, request: Request) -> Response:
        if (request.method, request.path) == ("POST", "/oauth/v2/token"):
            return _token(dict(parse_qsl(request.body.decode())))
        try:
            if request.headers.get("authorization") not in _accepted():
                raise MauticError(401, "API authorization denied.")
            answer = self._route(request)
        except MauticError as error:
            return error.response()
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return Response.of_json(body, status)

    def _route(self, request: Request) -> Made:
        for method, pattern, action in self._routes:
            found = pattern.fullmatch(request.path)
            if found is not None and method == request.method:
                more = (_body(request),) if method in ("POST", "PUT", "PATCH") else ()
                return action(request, *found.groups(), *more)
        raise not_found()

    def _table(self) -> Iterator[tuple[str, re.Pattern[str], Callable[..., Made]]]:
        contacts, segments = self.contacts, self.segments

        def lift(request: Request, id: str, channel: str, _body: Body) -> Body:
            return contacts.remove_dnc(request, id, channel)

        table: tuple[tuple[str, str, Callable[..., Made]], ...] = (
            ("GET", "contacts", contacts.page),
            ("GET", r"contacts/(\d+)", contacts.get),
            ("GET", "contacts/list/fields", contacts.fields),
            ("POST", "contacts/new", contacts.create),
            ("PATCH", r"contacts/(\d+)/edit", contacts.patch),
            ("PUT", r"contacts/(\d+)/edit", contacts.put),
            ("POST", r"contacts/(\d+)/dnc/(\w+)/remove", lift),
            ("GET", "segments", segments.page),
            ("GET", r"segments/(\d+)", segments.get),
            ("POST", "segments/new", segments.create),
            ("POST", r"segments/(\d+)/contacts/add", segments.add),
            ("POST", r"segments/(\d+)/contact/(\d+)/remove", segments.remove),
        )
        for method, path, action in table:
            yield method, re.compile(f"/api/{path}"), action


def _accepted() -> set[str]:
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return {f"Basic {pair}", f"Bearer {ACCESS}"}


def _token(form: dict[str, str]) -> Response:
    wanted = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    if form != {**wanted, "grant_type": "client_credentials"}:
        return Response.of_json({"error": "invalid_client"}, 400)
    told = {"access_token": ACCESS, "expires_in": 3600, "token_type": "bearer", "scope": ""}
    return Response.of_json(told)


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise MauticError(400, "Bad request")
    return body
