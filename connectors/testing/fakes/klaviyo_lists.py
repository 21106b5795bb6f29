"""Lists of the fake Klaviyo and who is on them.

Data flow: /api/lists... -> RecordStore("klaviyo", "list" | "member").

Facts (klaviyo/openapi stable): relationships take 1,000 profiles at most and answer 204 without a
word about any of them; they do not touch consent; 10 lists are a page; 150 lists may be made in a
day; relationships can be filtered by email.
Not verified: what becomes of a profile id that does not exist (ignored here: a 204 proves nothing).
"""

from __future__ import annotations

from typing import Any

from connectors.testing.fakes.klaviyo_common import (
    VENDOR,
    Body,
    KlaviyoError,
    Shelf,
    filter_of,
    invalid,
    not_found,
    page_of,
    stamp,
)
from connectors.testing.fakes.klaviyo_profiles import MAX_PAGE, Profiles
from connectors.testing.messages import Request
from connectors.testing.store import Record

MAX_MEMBERS, MAX_LISTS, PER_DAY = 1_000, 10, 150


class Lists:
    """All lists of one account."""

    def __init__(self, shelf: Shelf, profiles: Profiles) -> None:
        self._shelf, self._profiles = shelf, profiles
        self.made_today = 0

    # --- for tests and the jobs -------------------------------------------------------------

    def make(self, name: str) -> str:
        """A list as somebody makes it in the web interface; its id."""
        with self._shelf.lock:
            number, now = self._shelf.number("list"), stamp(self._shelf.store.now())
            body = {"id": f"Y{number:05d}", "name": name, "created": now, "updated": now}
            self._shelf.put("list", body["id"], body, number)
            return body["id"]

    def names(self) -> dict[str, str]:
        return {r.id: r.body["name"] for r in self._shelf.store.query(VENDOR, "list")}

    def members(self, list_id: str) -> list[str]:
        """Ids of the profiles on a list."""
        held = self._shelf.store.query(VENDOR, "member", parent=list_id)
        return [r.body["id"] for r in held if self._profiles.exists(r.body["id"])]

    def put(self, list_id: str, ids: list[str]) -> None:
        for id in ids:
            if self._profiles.exists(id):
                number = int(id[-12:])
                self._shelf.put("member", f"{list_id}:{id}", {"id": id}, number, list_id)

    def take(self, list_id: str, ids: list[str]) -> None:
        for id in ids:
            self._shelf.store.delete(VENDOR, "member", f"{list_id}:{id}")

    def delete(self, list_id: str) -> None:
        self._known(list_id)
        self._shelf.store.delete(VENDOR, "list", list_id)

    # --- the API ----------------------------------------------------------------------------

    def page(self, request: Request) -> Body:
        allowed = {"name": ("any", "equals"), "id": ("any", "equals")}
        _operator, field, value = filter_of(request, allowed)
        records = list(self._shelf.store.query(VENDOR, "list"))
        if field:
            wanted = value if isinstance(value, list) else [value]
            records = [record for record in records if record.body[field] in wanted]
        return page_of(request, records, _shown, MAX_LISTS)

    def get(self, _request: Request, list_id: str) -> Body:
        return {"data": _shown(self._known(list_id).body)}

    def create(self, _request: Request, data: Body) -> tuple[int, Body]:
        name = str((data.get("attributes") or {}).get("name") or "").strip()
        if data.get("type") != "list" or not name:
            raise invalid("'name' is a required field for the resource 'list'.")
        if self.made_today >= PER_DAY:
            raise KlaviyoError(429, "throttled", "Request was throttled.")
        self.made_today += 1
        return 201, {"data": _shown(self._known(self.make(name)).body)}

    def profiles(self, request: Request, list_id: str) -> Body:
        records = self._records(list_id)
        return page_of(request, records, lambda b: self._profiles.shown(b, request), MAX_PAGE)

    def relationships(self, request: Request, list_id: str) -> Body:
        _operator, field, value = filter_of(request, {"email": ("any", "equals")})
        records = self._records(list_id)
        if field:
            wanted = [str(one).lower() for one in (value if isinstance(value, list) else [value])]
            records = [record for record in records if record.body["email"] in wanted]
        return page_of(request, records, _named, MAX_PAGE)

    def add(self, _request: Request, list_id: str, data: Any) -> None:
        self._known(list_id)
        self.put(list_id, _ids(data))

    def remove(self, _request: Request, list_id: str, data: Any) -> None:
        self._known(list_id)
        self.take(list_id, _ids(data))

    def _records(self, list_id: str) -> list[Record]:
        self._known(list_id)
        ids = self.members(list_id)
        return list(self._shelf.store.query(VENDOR, "profile", ids=ids))

    def _known(self, list_id: str) -> Record:
        known = self._shelf.store.get(VENDOR, "list", list_id)
        if known is None:
            raise not_found("list", list_id)
        return known


def _ids(data: Any) -> list[str]:
    if not isinstance(data, list) or not data:
        raise invalid("'data' must not be empty.")
    if len(data) > MAX_MEMBERS:
        raise invalid(f"At most {MAX_MEMBERS} profiles can be changed in a request.")
    return [str(one["id"]) for one in data if one.get("type") == "profile"]


def _named(body: Body) -> Body:
    return {"type": "profile", "id": body["id"]}


def _shown(body: Body) -> Body:
    attributes = {name: body[name] for name in ("name", "created", "updated")}
    return {
        "type": "list",
        "id": body["id"],
        "attributes": {**attributes, "opt_in_process": "double_opt_in"},
        "links": {"self": f"https://a.klaviyo.com/api/lists/{body['id']}/"},
    }
