"""Lists of the fake HubSpot and who is on them.

Data flow: /crm/v3/lists... -> RecordStore("hubspot", "list" | "membership").

Facts: memberships can be changed only where processingType is MANUAL or SNAPSHOT; records that do
not exist, or are on the list already, are ignored; the answer names recordsIdsAdded,
recordIdsRemoved and recordIdsMissing; DELETE of the memberships empties the list (the trap);
memberships page up to 250 (developers.hubspot.com, lists v3). Not verified: the words of the
refusal of a name that is taken and of a list that is not there.
"""

from __future__ import annotations

from typing import Any

from connectors.testing.fakes.hubspot_common import VENDOR, Body, Shelf, invalid, not_found
from connectors.testing.fakes.hubspot_contacts import Contacts
from connectors.testing.messages import Request
from connectors.testing.store import Record

MAX_MEMBERS = 250


class Lists:
    """All lists of one account."""

    def __init__(self, shelf: Shelf, contacts: Contacts) -> None:
        self._shelf, self._contacts = shelf, contacts

    # --- for tests --------------------------------------------------------------------------

    def make(self, name: str, kind: str = "MANUAL", object_type: str = "0-1") -> str:
        """A list as somebody makes it in the web interface; its id."""
        with self._shelf.lock:
            number = self._shelf.number("list")
            body = {"listId": str(number), "name": name, "processingType": kind}
            self._shelf.put("list", str(number), {**body, "objectTypeId": object_type}, number)
            return str(number)

    def names(self) -> dict[str, str]:
        return {r.id: r.body["name"] for r in self._shelf.store.query(VENDOR, "list")}

    def members(self, list_id: str) -> list[str]:
        """Ids of the contacts on a list that still exist, in the order of their ids."""
        held = self._shelf.store.query(VENDOR, "membership", parent=list_id)
        return [r.body["id"] for r in held if self._shelf.get("contact", r.body["id"])]

    # --- the API ----------------------------------------------------------------------------

    def search(self, _request: Request, body: Body) -> Body:
        kinds, query = body.get("processingTypes"), str(body.get("query") or "").lower()
        found = [
            r.body
            for r in self._shelf.store.query(VENDOR, "list")
            if (not kinds or r.body["processingType"] in kinds) and query in r.body["name"].lower()
        ]
        count, offset = min(int(body.get("count", 20)), 500), int(body.get("offset", 0))
        shown = found[offset : offset + count]
        return {
            "lists": [self._shown(one, body.get("additionalProperties") or []) for one in shown],
            "offset": offset + len(shown),
            "hasMore": offset + len(shown) < len(found),
            "total": len(found),
        }

    def create(self, _request: Request, body: Body) -> Body:
        name = str(body.get("name") or "").strip()
        kind = body.get("processingType")
        if not name or kind not in ("MANUAL", "SNAPSHOT", "DYNAMIC"):
            raise invalid("name and processingType are required")
        with self._shelf.lock:
            if name.lower() in (one.lower() for one in self.names().values()):
                raise invalid("The list name is taken", subCategory="ILS.DUPLICATE_LIST_NAMES")
            made = self.make(name, str(kind), str(body.get("objectTypeId")))
        return {"list": self._shown(self._known(made).body, ["hs_list_size"])}

    def delete(self, list_id: str) -> None:
        self._known(list_id)
        self.clear(list_id)
        self._shelf.store.delete(VENDOR, "list", list_id)

    def page(self, request: Request, list_id: str) -> Body:
        self._known(list_id)
        limit, after = int(request.param("limit", "100") or 0), request.param("after")
        if not 1 <= limit <= MAX_MEMBERS:
            raise invalid(f"limit must be between 1 and {MAX_MEMBERS}")
        ids = [one for one in self.members(list_id) if after is None or int(one) > int(after)]
        answer: Body = {"results": [{"recordId": one} for one in ids[:limit]]}
        if len(ids) > limit:
            answer["paging"] = {"next": {"after": ids[limit - 1]}}
        return answer

    def add(self, list_id: str, ids: Any) -> Body:
        return self._change(list_id, _ids(ids), [])

    def remove(self, list_id: str, ids: Any) -> Body:
        return self._change(list_id, [], _ids(ids))

    def add_and_remove(self, list_id: str, body: Any) -> Body:
        adds, removes = _ids(body.get("recordIdsToAdd")), _ids(body.get("recordIdsToRemove"))
        return self._change(list_id, adds, removes)

    def clear(self, list_id: str) -> None:
        self._known(list_id)
        for one in self.members(list_id):
            self._shelf.store.delete(VENDOR, "membership", f"{list_id}:{one}")

    def _change(self, list_id: str, adds: list[str], removes: list[str]) -> Body:
        if self._known(list_id).body["processingType"] not in ("MANUAL", "SNAPSHOT"):
            raise invalid("Memberships of a DYNAMIC list cannot be changed")
        added, removed, missing = [], [], []
        with self._shelf.lock:
            held = set(self.members(list_id))
            now = self._shelf.store.now().timestamp()
            for one in dict.fromkeys([*adds, *removes]):
                if self._shelf.get("contact", one) is None:
                    missing.append(one)
                elif one in adds and one not in held:
                    key = f"{list_id}:{one}"
                    made = Record(
                        VENDOR, "membership", key, {"id": one}, int(one), now, now, list_id
                    )
                    self._shelf.store.put(made)
                    added.append(one)
                elif one in removes and one in held:
                    self._shelf.store.delete(VENDOR, "membership", f"{list_id}:{one}")
                    removed.append(one)
        named = {"recordsIdsAdded": added, "recordIdsRemoved": removed}
        return {**named, "recordIdsMissing": missing}

    def _known(self, list_id: str) -> Record:
        known = self._shelf.store.get(VENDOR, "list", list_id)
        if known is None:
            raise not_found("List does not exist")
        return known

    def _shown(self, body: Body, additional: list[str]) -> Body:
        every = {"hs_list_size": str(len(self.members(body["listId"])))}
        return {
            **body,
            "processingStatus": "COMPLETE",
            "listVersion": 1,
            "additionalProperties": {name: every.get(name) for name in additional},
        }


def _ids(given: Any) -> list[str]:
    ids = [str(one) for one in given or []]
    if not all(one.isdigit() for one in ids):
        raise invalid("Invalid record id")
    return ids
