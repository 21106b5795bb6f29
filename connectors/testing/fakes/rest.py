"""A made-up JSON API that pages in every way the `rest` kind can read, over one set of records.

Data flow: GET or POST /<way>/<entity> -> RecordStore("rest", entity) -> JSON.

It is no vendor's: each way is the common form of its kind, with the quirks that make readers fail:
page numbers and offsets shift when a record before them is deleted, limits above MAX_LIMIT are cut
without a word, errors may come with status 200, and a wrong method is a 405.

- /page?page=&limit=&since=        {"data": [...], "meta": {"total": n}}
- /offset?offset=&limit=           {"data": [...], "meta": {"total": n, "more": bool}}
- /next?after=&limit=              {"data": [...], "links": {"next": absolute URL or null}}
- /header?page=&limit=             [...] with a Link header
- POST /token {since, limit, cursor}   {"result": {"items": [...], "next_cursor": "..."}}
- /after?after=&limit=&since=      {"data": [...]} in order of id; deleted ones with "deleted": true
- /of/<parent>                     {"data": [...]} the records of one parent
`since` is ISO 8601 or unix seconds, inclusive.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "rest"
MAX_LIMIT = 100
Accepts = Callable[[Request], bool]


class RestFake:
    """The API. `accepts` decides whether a request carries the right credentials."""

    def __init__(self, store: RecordStore, accepts: Accepts = lambda _: True) -> None:
        self._store, self._accepts = store, accepts

    def handle(self, request: Request) -> Response:
        if not self._accepts(request):
            return Response.of_json({"error": {"message": "who are you?"}}, 401)
        _, _, rest = request.path.partition("/")
        way, _, entity = rest.partition("/")
        answer = getattr(self, f"_{way}", None)
        if answer is None or not entity:
            return Response.of_json({"error": {"message": "no such path"}}, 404)
        if request.method != ("POST" if way == "token" else "GET"):
            return Response.of_json({"error": {"message": "wrong method"}}, 405)
        clock = {"Date": self._store.now().strftime("%a, %d %b %Y %H:%M:%S GMT")}
        body, headers = answer(request, entity)
        return Response.of_json(body, headers={**clock, **headers})

    def _page(self, request: Request, entity: str) -> tuple[Any, dict[str, str]]:
        limit = _limit(request.param("limit"))
        start = (int(request.param("page") or 1) - 1) * limit
        total = self._store.count(VENDOR, entity, updated_since=_since(request.param("since")))
        return {"data": self._rows(request, entity, start), "meta": {"total": total}}, {}

    def _offset(self, request: Request, entity: str) -> tuple[Any, dict[str, str]]:
        start = int(request.param("offset") or 0)
        rows = self._rows(request, entity, start)
        total = self._store.count(VENDOR, entity)
        return {"data": rows, "meta": {"total": total, "more": start + len(rows) < total}}, {}

    def _next(self, request: Request, entity: str) -> tuple[Any, dict[str, str]]:
        rows = self._rows(request, entity, after=int(request.param("after") or -1))
        query = {**dict(request.query), "after": rows[-1]["id"] if rows else ""}
        full = len(rows) == _limit(request.param("limit"))
        link = f"{request.base_url}{request.path}?{urlencode(query)}" if full else None
        return {"data": rows, "links": {"next": link}}, {}

    def _header(self, request: Request, entity: str) -> tuple[Any, dict[str, str]]:
        limit, page = _limit(request.param("limit")), int(request.param("page") or 1)
        rows = self._rows(request, entity, (page - 1) * limit)
        if page * limit >= self._store.count(VENDOR, entity):
            return rows, {}
        query = urlencode({**dict(request.query), "page": page + 1})
        first = f'<{request.path}>; rel="first"'
        return rows, {"Link": f'{first}, <{request.path}?{query}>; rel="next"'}

    def _token(self, request: Request, entity: str) -> tuple[Any, dict[str, str]]:
        asked = request.json()["params"]
        since, limit = _since(asked.get("since")), _limit(asked.get("limit"))
        after = int(base64.b64decode(asked["cursor"])) if "cursor" in asked else -1
        later = self._store.query(VENDOR, entity, after_sort=after)
        made = (record.body for record in later if since is None or record.created >= since)
        rows = list(islice(made, limit))
        mark = base64.b64encode(str(rows[-1]["id"]).encode()).decode() if rows else ""
        return {"result": {"items": rows, "next_cursor": mark if len(rows) == limit else ""}}, {}

    def _after(self, request: Request, entity: str) -> tuple[Any, dict[str, str]]:
        return {"data": self._rows(request, entity, after=int(request.param("after") or -1))}, {}

    def _of(self, _: Request, parent: str) -> tuple[Any, dict[str, str]]:
        found = self._store.query(VENDOR, "note", parent=parent)
        return {"data": [record.body for record in found]}, {}

    def _rows(
        self, request: Request, entity: str, offset: int = 0, *, after: int | None = None
    ) -> list[dict[str, Any]]:
        found = self._store.query(
            VENDOR,
            entity,
            after_sort=after,
            updated_since=_since(request.param("since")),
            limit=_limit(request.param("limit")),
            offset=offset,
        )
        return [record.body for record in found]


def _limit(text: Any) -> int:
    return min(int(text or MAX_LIMIT), MAX_LIMIT)


def _since(text: Any) -> float | None:
    if not text:
        return None
    number = str(text).lstrip("-").isdigit()
    return float(text) if number else datetime.fromisoformat(str(text)).timestamp()
