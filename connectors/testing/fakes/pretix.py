"""A fake pretix: the read side of its REST API for one organizer.

Data flow: GET /api/v1/organizers/{o}/... -> RecordStore("pretix", event|order|checkin) -> JSON.

Facts from the source of pretix 2026.8.0 (package of that version):
- api/pagination.py: page numbers, `page_size` at most 50 and 50 by default; an invalid page is 404.
- api/auth/permission.py: an unknown organizer or event is 403, not 404; no or a bad token is 401.
- api/views/order.py: filters modified_since (>=), created_since (>=), created_before (<), status,
  code, email, testmode...; default order `datetime`; ties ordered by key, newest first; header
  X-Page-Generated is the server's time at the start; cancelled positions are left out unless
  include_canceled_positions=true; include=/exclude= name fields.
- api/views/checkin.py: event-level check-ins, filters created_since and datetime_since, default
  order created, id; the records carry no event, and there is no X-Page-Generated header.
- api/views/event.py: default order `slug`, filters live, testmode, is_public, has_subevents.
- A refund does not touch the order's last_modified: the fake compares the stored value only.
- Unknown values in `ordering` are ignored (Django REST framework's OrderingFilter).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from connectors.testing.fakes.pretix_lists import (
    MAX_PAGE_SIZE,
    VENDOR,
    RefusedError,
    listings,
    number,
)
from connectors.testing.fakes.pretix_records import complete_checkin, complete_event, complete_order
from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

_ROOT = re.compile(r"^/api/v1/organizers/(?P<organizer>[^/]+)/(?P<rest>.*)$")


class PretixFake:
    """One organizer. `hidden_events`: slugs the token's team may not see (403)."""

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-pretix-token",
        *,
        organizer: str = "example",
        hidden_events: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._key = api_key
        self._organizer = organizer
        self._hidden = frozenset(hidden_events)
        self._lists = listings(store)

    def handle(self, request: Request) -> Response:
        try:
            return self._route(request)
        except RefusedError as refusal:
            return Response.of_json(refusal.body, refusal.status)

    def _route(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "token" or not token:
            detail = "Authentication credentials were not provided."
            return self._unauthorized(detail)
        if token != self._key:
            return self._unauthorized("Invalid token.")
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            raise RefusedError(405, {"detail": f'Method "{request.method}" not allowed.'})
        found = _ROOT.match(request.path)
        if found is None:
            raise RefusedError(404, {"detail": "Not found."})
        if found["organizer"] != self._organizer:
            raise _no_permission()
        parts = found["rest"].rstrip("/").split("/")
        if parts == ["events"]:
            return self._list(request, "event", self._event)
        if parts == ["orders"]:
            return self._list(request, "order", self._order_of(request), generated=True)
        if parts[0] == "orders" and len(parts) == 2:
            return self._one("order", parts[1], self._order_of(request))
        if parts[0] == "events" and len(parts) >= 2:
            return self._below_event(request, parts[1], parts[2:])
        raise RefusedError(404, {"detail": "Not found."})

    def _below_event(self, request: Request, slug: str, rest: list[str]) -> Response:
        if slug in self._hidden or self._store.get(VENDOR, "event", slug) is None:
            raise _no_permission()
        if not rest:
            return self._one("event", slug, self._event)
        if rest == ["orders"]:
            show = self._order_of(request)
            return self._list(request, "order", show, event=slug, generated=True)
        if rest == ["checkins"]:
            return self._list(request, "checkin", complete_checkin, event=slug)
        raise RefusedError(404, {"detail": "Not found."})

    @staticmethod
    def _unauthorized(detail: str) -> Response:
        return Response.of_json({"detail": detail}, 401, {"WWW-Authenticate": "Token"})

    def _event(self, body: dict[str, Any]) -> dict[str, Any]:
        return complete_event(body, self._organizer)

    def _order_of(self, request: Request) -> Callable[[dict[str, Any]], dict[str, Any]]:
        wanted = request.param("include_canceled_positions", "false") or "false"
        include = [value for name, value in request.query if name == "include"]
        exclude = [value for name, value in request.query if name == "exclude"]

        def show(body: dict[str, Any]) -> dict[str, Any]:
            order = complete_order(body, canceled_positions=wanted.lower() == "true")
            return _shaped(order, include, exclude)

        return show

    def _one(
        self, entity: str, id: str, show: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> Response:
        record = self._store.get(VENDOR, entity, id)
        if record is None:
            raise RefusedError(404, {"detail": f"No {entity.title()} matches the given query."})
        return Response.of_json(show(record.body))

    def _list(
        self,
        request: Request,
        entity: str,
        show: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        event: str | None = None,
        generated: bool = False,
    ) -> Response:
        started = self._store.now().astimezone(UTC).isoformat().replace("+00:00", "Z")
        asked = self._lists[entity].asked(request, event, self._hidden)
        count = asked.count()
        size = number(request.param("page_size"), MAX_PAGE_SIZE)
        page = number(request.param("page"), 1, strict=True)
        if page is None or (page > 1 and (page - 1) * size >= count):
            raise RefusedError(404, {"detail": "Invalid page."})
        records = asked.page(size, (page - 1) * size)
        body = {
            "count": count,
            "next": _link(request, page + 1) if page * size < count else None,
            "previous": _link(request, page - 1) if page > 1 else None,
            "results": [show(record.body) for record in records],
        }
        return Response.of_json(body, 200, {"X-Page-Generated": started} if generated else {})


def _link(request: Request, page: int) -> str:
    """Absolute, with all other parameters kept; page 1 is the address without `page`."""
    others = [(name, value) for name, value in request.query if name != "page"]
    query = urlencode([*others, ("page", str(page))] if page > 1 else others)
    return f"{request.base_url}{request.path}" + (f"?{query}" if query else "")


def _shaped(order: dict[str, Any], include: list[str], exclude: list[str]) -> dict[str, Any]:
    """Apply include= and exclude= (one level of nesting, as the serializer does)."""
    if include:
        tops = {name.partition(".")[0] for name in include}
        order = {name: value for name, value in order.items() if name in tops}
    for name in exclude:
        top, _, nested = name.partition(".")
        if not nested:
            order.pop(top, None)
        elif isinstance(order.get(top), list):
            order[top] = [
                {key: value for key, value in row.items() if key != nested} for row in order[top]
            ]
    return order


def _no_permission() -> RefusedError:
    return RefusedError(403, {"detail": "You do not have permission to perform this action."})
