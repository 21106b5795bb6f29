"""A fake Tito: the read side of its Admin API 3.0 and of its Check-in API, for one account.

Data flow: GET -> RecordStore("tito", event|registration|ticket|refund|checkin_list|...) -> JSON.

Facts (teamtito/api-docs: source/includes/admin_api/3.0, checkin_api, data/3.0):
- `Authorization: Token token=...`; errors are {status, message}; a resource of the other mode, or
  of an account the token does not know, is a 404.
- lists: {<name>: [...], meta}, page[number] from 1, page[size] 100 by default and 1,000 at most;
  newest first unless search[sort] and search[direction] say otherwise.
- /events holds upcoming events only, /events/past and /events/archived the others.
- void tickets, tickets of archived releases and cancelled registrations are left out unless
  search[states][] names them; search[updated_at|created_at][gt|gte|lt|lte] compare with a time that
  is the event's local one unless it ends in UTC.
- tickets carry secrets (slug, unique_url), events a security_token, check-in lists their slug.
- Check-in API: no token; /checkin_lists/<slug> tells total_checkin_pages, /checkins?page=N is a
  plain array; a check-in taken back keeps its row with deleted_at.
A child's `parent` in the store is its event's slug (its list's slug for check-ins). Not verified:
which states a registration's filter joins how; here `cancelled` only admits cancelled ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "tito"
_TIME = re.compile(r"^search\[(created_at|updated_at)\]\[(gt|gte|lt|lte)\]$")
_LISTS = {
    "registrations": "registration",
    "tickets": "ticket",
    "refunds": "refund",
    "checkin_lists": "checkin_list",
}
_SORTS = {"created_at", "updated_at", "name", "number", "reference", "price", "total"}
Body = dict[str, Any]


class RefusedError(Exception):
    """The request is answered with this status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class TitoFake:
    """One account. `mode` is the token's; `timezone` that of every event."""

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-tito-token",
        *,
        account: str = "example",
        mode: str = "live",
        timezone: str = "Europe/Dublin",
        checkin_page_size: int = 1000,
    ) -> None:
        self._store, self._token, self._account, self._mode = store, api_key, account, mode
        self._zone, self._checkins_on_a_page = ZoneInfo(timezone), checkin_page_size

    def handle(self, request: Request) -> Response:
        path = request.path.removeprefix("/v3").strip("/").split("/")
        try:
            if path[0] == "checkin_lists":
                body = self._checkin_api(request, path[1:])
            else:
                body = self._admin_api(request, path)
            status = 200
        except RefusedError as refusal:
            status = refusal.status
            body = {"status": status, "message": str(refusal), "lookup_mode": self._mode}
        date = format_datetime(self._store.now(), usegmt=True)
        return Response.of_json(body, status, {"Date": date})

    def _admin_api(self, request: Request, path: list[str]) -> Any:
        if request.headers.get("authorization") != f"Token token={self._token}":
            raise RefusedError(401, "Not authenticated")
        if path == ["hello"]:
            return {
                "authenticated": True,
                "access_token": f"*{self._token[-4:]}",
                "lookup_mode": self._mode,
                "accounts": [self._account],
            }
        if path[0] != self._account or len(path) < 2:
            raise RefusedError(404, "Resource not found")
        if path[1] == "events":
            wanted = path[2] if len(path) > 2 else "upcoming"
            rows = [row for row in self._bodies("event") if self._list_of(row) == wanted]
            return self._page(request, "events", rows)
        if len(path) == 3 and path[2] in _LISTS:
            return self._below_event(request, path[1], path[2])
        raise RefusedError(404, "Resource not found")

    def _below_event(self, request: Request, slug: str, name: str) -> Body:
        if not any(event["slug"] == slug for event in self._bodies("event")):
            raise RefusedError(404, "Resource not found")
        rows = self._bodies(_LISTS[name], slug)
        if name in ("tickets", "registrations"):
            mode = self._mode == "test"
            states = {value for key, value in request.query if key == "search[states][]"}
            rows = [row for row in rows if row.get("test_mode", False) == mode]
            rows = [row for row in rows if _shown(name, row, states)]
            for key, value in request.query:
                found = _TIME.match(key)
                if found:
                    bound = self._moment(value)
                    rows = [r for r in rows if _compare(_at(r[found[1]]), found[2], bound)]
        return self._page(request, name, rows)

    def _page(self, request: Request, name: str, rows: list[Body]) -> Body:
        sort = request.param("search[sort]", "created_at") or ""
        if sort not in _SORTS:
            raise RefusedError(422, "Unknown sort attribute")
        down = request.param("search[direction]", "desc") != "asc"
        rows.sort(key=lambda row: str(row.get(sort) or ""), reverse=down)
        size = min(int(request.param("page[size]", "100") or 100), 1000)
        number = int(request.param("page[number]", "1") or 1)
        more = number * size < len(rows)
        meta = {
            "api_version": "3.0.0",
            "current_page": number,
            "next_page": number + 1 if more else None,
            "prev_page": number - 1 if number > 1 else None,
            "total_pages": -(-len(rows) // size) or 1,
            "total_count": len(rows),
            "per_page": size,
        }
        return {name: rows[(number - 1) * size : number * size], "meta": meta}

    def _checkin_api(self, request: Request, path: list[str]) -> Any:
        slug, size = path[0], self._checkins_on_a_page
        if not any(row["slug"] == slug for row in self._bodies("checkin_list")):
            raise RefusedError(404, "Resource not found")
        rows = self._bodies("checkin", slug)
        if path[1:] == ["checkins"]:
            number = int(request.param("page", "1") or 1)
            return rows[(number - 1) * size : number * size]
        return {"slug": slug, "total_checkin_pages": -(-len(rows) // size) or 1}

    def _bodies(self, entity: str, parent: str | None = None) -> list[Body]:
        secret = {"slug": "secret-slug", "unique_url": "https://ti.to/secret-url", "metadata": None}
        hidden: Mapping[str, Body] = {
            "event": {"security_token": "secret-token"},
            "ticket": {**secret, "tag_names": []},
            "registration": {**secret, "billing_address": "secret-street", "ip_address": None},
        }
        found = self._store.query(VENDOR, entity, parent=parent)
        return [{**hidden.get(entity, {}), **record.body} for record in found]

    def _list_of(self, event: Body) -> str:
        if event.get("archived"):
            return "archived"
        ended = event.get("end_date") or event.get("start_date")
        today = self._store.now().date().isoformat()
        return "past" if ended and str(ended) < today else "upcoming"

    def _moment(self, text: str) -> datetime:
        plain = text.removesuffix("UTC").strip()
        zone = UTC if plain != text else self._zone
        try:
            moment = datetime.fromisoformat(plain)
        except ValueError:
            raise RefusedError(422, "Unknown time") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _shown(name: str, row: Body, states: set[str]) -> bool:
    if name == "registrations":
        return not row.get("cancelled") or "cancelled" in states
    if row.get("release_archived") and "archived" not in states:
        return False
    plain = states - {"archived"}
    return row["state"] in plain if plain else row["state"] != "void"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _compare(value: datetime, operator: str, bound: datetime) -> bool:
    if operator == "gt":
        return value > bound
    if operator == "gte":
        return value >= bound
    return value < bound if operator == "lt" else value <= bound
