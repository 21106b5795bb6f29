"""A fake Action Network: the read side of its API v2, one group.

Data flow: GET /api/v2/<collection> -> RecordStore("actionnetwork", entity) -> HAL+JSON.

Facts from actionnetwork.org/docs/v2 (general principles, people, events, attendances, donations,
signatures, submissions, outreaches):
- rows lie in `_embedded` under their relation; page and per_page, at most 25;
- filter: eq, gt, lt on a quoted value; modified_date, created_date, identifier for all of these;
- people have neither totals nor an order of time, and their `next` link is there on the last page
  too, but not on an empty one; other collections tell total_pages and total_records;
- attendances, signatures, submissions and outreaches live below what they were taken on.
Not verified: `and` between two conditions (public clients use it), the order of the other
collections (newest change first here), and the error for a wrong key.
"""

from __future__ import annotations

import hashlib
import math
import operator
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "actionnetwork"
MAX_PER_PAGE = 25
# Path -> (entity, relation).
_TOP = {
    "people": ("person", "osdi:people"),
    "events": ("event", "osdi:events"),
    "petitions": ("petition", "osdi:petitions"),
    "forms": ("form", "osdi:forms"),
    "advocacy_campaigns": ("advocacy_campaign", "action_network:advocacy_campaigns"),
    "donations": ("donation", "osdi:donations"),
}
_BELOW = {
    ("events", "attendances"): ("attendance", "osdi:attendances"),
    ("petitions", "signatures"): ("signature", "osdi:signatures"),
    ("forms", "submissions"): ("submission", "osdi:submissions"),
    ("advocacy_campaigns", "outreaches"): ("outreach", "osdi:outreaches"),
}
_PATH = re.compile(r"^/api/v2/(?P<top>\w+)(?:/(?P<parent>[\w-]+)/(?P<below>\w+))?/?$")
_CONDITION = re.compile(r"^\s*(\w+) (eq|gt|lt) '([^']*)'\s*$")
_DATES = {"modified_date", "created_date"}
_OPERATORS = {"eq": operator.eq, "gt": operator.gt, "lt": operator.lt}
Row = dict[str, Any]


class ActionNetworkFake:
    """One group and its key."""

    def __init__(self, store: RecordStore, api_key: str = "sandbox-action-key") -> None:
        self._store, self._key = store, api_key

    def handle(self, request: Request) -> Response:
        if request.headers.get("osdi-api-token") != self._key:
            return Response.of_json({"error": "API Key invalid or not present"}, 403)
        found = _PATH.match(request.path)
        if found is None or request.method != "GET":
            return Response.of_json({"error": "not found"}, 404)
        below = (found["top"], found["below"])
        if found["below"] is None and found["top"] in _TOP:
            entity, rel = _TOP[found["top"]]
        elif below in _BELOW:
            entity, rel = _BELOW[below]
        else:
            return Response.of_json({"error": "not found"}, 404)
        try:
            rows = self._rows(entity, found["parent"], request.param("filter") or "")
        except ValueError:
            return Response.of_json({"error": "filter is not supported"}, 400)
        return Response.of_json(_page(request, entity, rel, rows))

    def _rows(self, entity: str, parent: str | None, only: str) -> list[Row]:
        conditions = [_condition(part) for part in only.split(" and ")] if only else []
        rows = [r.body for r in self._store.query(VENDOR, entity, parent=parent)]
        rows = [row for row in rows if all(_holds(row, *one) for one in conditions)]
        if entity == "person":  # in no order that means anything
            return sorted(rows, key=lambda row: hashlib.sha256(_id(row).encode()).hexdigest())
        return sorted(rows, key=lambda row: (str(row["modified_date"]), _id(row)), reverse=True)


def _page(request: Request, entity: str, rel: str, rows: list[Row]) -> Row:
    size = min(int(request.param("per_page") or MAX_PER_PAGE), MAX_PER_PAGE)
    page = int(request.param("page") or 1)
    shown = rows[(page - 1) * size : page * size]
    body: Row = {"per_page": size, "page": page, "_embedded": {rel: shown}}
    more = bool(shown) if entity == "person" else page * size < len(rows)
    if entity != "person":
        body |= {"total_pages": math.ceil(len(rows) / size), "total_records": len(rows)}
    others = {name: value for name, value in request.query if name != "page"}
    link = f"{request.base_url}{request.path}?{urlencode({**others, 'page': page + 1})}"
    return {**body, "_links": {"next": {"href": link}} if more else {}}


def _condition(text: str) -> tuple[str, str, str]:
    found = _CONDITION.match(text)
    if found is None or found[1] not in {*_DATES, "identifier", "email_address"}:
        raise ValueError(text)
    return found[1], found[2], found[3]


def _holds(row: Mapping[str, Any], field: str, operation: str, value: str) -> bool:
    if field in _DATES:
        return bool(_OPERATORS[operation](_moment(row[field]), _moment(value)))
    if field == "identifier":
        return value in row["identifiers"]
    return any(one.get("address") == value for one in row.get("email_addresses", ()))


def _id(row: Mapping[str, Any]) -> str:
    return str(next(iter(row["identifiers"]), ""))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
