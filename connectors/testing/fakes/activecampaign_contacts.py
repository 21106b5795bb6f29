"""Contacts of the fake ActiveCampaign and their statuses on lists.

Data flow: /api/3/contacts..., contact/sync, contactLists -> RecordStore("activecampaign", ...).

Facts (developers.activecampaign.com; activecampaign-partial): POST contacts refuses a known address
(422), contact/sync creates or updates; statuses on lists are 0 unconfirmed, 1 active, 2
unsubscribed, 3 bounced; POST contactLists with status 1 subscribes again whoever unsubscribed (the
trap); pages of at most 100, id_greater, meta.total as text; `include` adds what lies beside
(used by many public programs). `list_changes_move_udate`: whether a change on a list makes the
contact look updated, which is not verified.
Not verified: the words of the refusal, and that updated_after counts days of the account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from connectors.testing.fakes.activecampaign_common import (
    VENDOR,
    Body,
    Shelf,
    invalid,
    limit_of,
    not_found,
    stamp,
)
from connectors.testing.messages import Request
from connectors.testing.store import Record

_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")
ACTIVE, UNSUBSCRIBED = "1", "2"


class Contacts:
    """The people of one account, and the lists they are on."""

    def __init__(self, shelf: Shelf, *, list_changes_move_udate: bool = True) -> None:
        self._shelf, self._moves = shelf, list_changes_move_udate

    # --- for tests and imports --------------------------------------------------------------

    def find(self, email: str) -> Body | None:
        known = self._shelf.get("address", email.strip().lower())
        return self._shelf.get("contact", known["id"]) if known else None

    def seed(self, email: str) -> Body:
        """A contact somebody else made."""
        return self.insert({"email": email})

    def all(self) -> list[Body]:
        return self._shelf.all("contact")

    def lists_of(self, id: str) -> list[Body]:
        return self._shelf.all("contactList", parent=id)

    def set_status(self, id: str, list_id: str, status: str, by: str) -> Body:
        """The status of a contact on a list, whoever sets it."""
        with self._shelf.lock:
            key = f"{id}:{list_id}"
            before = self._shelf.get("contactList", key)
            number = int(before["id"]) if before else self._shelf.number("contactList")
            body = {
                "id": str(number),
                "contact": id,
                "list": list_id,
                "status": status,
                "udate": stamp(self._shelf.store.now()),
            }
            self._shelf.put("contactList", key, body, number, id)
            said = before["status"] if before else None
            self._shelf.journal(id, f"list {list_id}", said, status, by)
            if self._moves:
                self._save(self._known(id))
            return body

    def person_acts(self, email: str, list_id: str, status: str = UNSUBSCRIBED) -> None:
        """The person leaves a list, or a mailbox bounces (status 3)."""
        known = self.find(email)
        if known is None:
            raise KeyError("no such contact")
        self.set_status(known["id"], list_id, status, "person")

    def touch(self, email: str, **more: str) -> None:
        known = self.find(email)
        if known is not None:
            self._save({**known, **more})

    def insert(self, given: Mapping[str, Any]) -> Body:
        with self._shelf.lock:
            email = str(given.get("email") or "").strip().lower()
            if not _ADDRESS.fullmatch(email):
                raise invalid(f"Email address {email} is not valid.", "email_invalid")
            if self.find(email) is not None:
                raise invalid("Email address already exists in the system", "duplicate")
            now, number = stamp(self._shelf.store.now()), self._shelf.number("contact")
            made = {
                "id": str(number),
                "email": email,
                "firstName": "",
                "lastName": "",
                "phone": "",
                "bounced_hard": "0",
                "bounced_soft": "0",
                "deleted": "0",
                "cdate": now,
                "udate": now,
            }
            return self.change(made, given)

    def change(self, known: Body, given: Mapping[str, Any]) -> Body:
        with self._shelf.lock:
            after = dict(known)
            for name in ("firstName", "lastName"):
                if name in given:
                    after[name] = str(given[name])
            email = str(given.get("email") or known["email"]).strip().lower()
            if email != known["email"]:  # the trap: an address in an update moves the contact
                if self.find(email) is not None:
                    raise invalid("Email address already exists in the system", "duplicate")
                self._shelf.store.delete(VENDOR, "address", known["email"])
                after["email"] = email
            return self._save(after)

    # --- the API ----------------------------------------------------------------------------

    def page(self, request: Request, tagged: Mapping[str, set[str]]) -> Body:
        """`tagged`: tag id -> ids of the contacts that have it."""
        found = list(self._shelf.store.query(VENDOR, "contact"))
        ids = {value for name, value in request.query if name == "ids[]"}
        email, tag = request.param("email"), request.param("tagid")
        status, after = request.param("status"), request.param("filters[updated_after]")
        greater = int(request.param("id_greater", "0") or 0)
        kept = [
            record
            for record in found
            if record.sort > greater
            and (not ids or record.id in ids)
            and (email is None or record.body["email"] == email.lower())
            and (tag is None or record.id in tagged.get(tag, set()))
            and (status in (None, "-1") or status in self._statuses(record.id))
            and (after is None or _day(record) > date.fromisoformat(after[:10]))
        ]
        offset, limit = int(request.param("offset", "0") or 0), limit_of(request)
        shown = kept[offset : offset + limit]
        answer: Body = {"scoreValues": [], "contacts": [self.shown(r.body) for r in shown]}
        if "contactLists" in (request.param("include") or ""):
            answer["contactLists"] = [one for r in shown for one in self.lists_of(r.id)]
        return {**answer, "meta": {"total": str(len(kept))}}

    def get(self, _request: Request, id: str) -> Body:
        return {"contact": self.shown(self._known(id)), "contactLists": self.lists_of(id)}

    def create(self, _request: Request, body: Body) -> tuple[int, Body]:
        return 201, {"contact": self.shown(self.insert(body.get("contact") or {}))}

    def update(self, _request: Request, id: str, body: Body) -> Body:
        return {"contact": self.shown(self.change(self._known(id), body.get("contact") or {}))}

    def sync(self, _request: Request, body: Body) -> tuple[int, Body]:
        """The trap: it creates whoever is not there, also a person just erased."""
        given = body.get("contact") or {}
        known = self.find(str(given.get("email") or ""))
        if known is None:
            return 201, {"contact": self.shown(self.insert(given))}
        return 200, {"contact": self.shown(self.change(known, given))}

    def delete(self, _request: Request, id: str) -> Body:
        known = self._known(id)
        self._shelf.store.delete(VENDOR, "address", known["email"])
        self._shelf.store.delete(VENDOR, "contact", id)
        return {}

    def subscribe(self, _request: Request, body: Body) -> Body:
        """The trap: status 1 subscribes again whoever unsubscribed."""
        given = body.get("contactList") or {}
        id, list_id = str(given.get("contact")), str(given.get("list"))
        if self._shelf.get("list", list_id) is None:
            raise not_found("List", list_id)
        known = self._known(id)
        made = self.set_status(id, list_id, str(given.get("status")), "api")
        return {"contacts": [self.shown(known)], "contactList": made}

    def shown(self, body: Body) -> Body:
        """A stored contact as the API returns it."""
        links = {"contactLists": f"https://account.example.org/api/3/contacts/{body['id']}"}
        return {**body, "links": links}

    def _statuses(self, id: str) -> set[str]:
        return {one["status"] for one in self.lists_of(id)}

    def _known(self, id: str) -> Body:
        known = self._shelf.get("contact", id)
        if known is None:
            raise not_found("Subscriber", id)
        return known

    def _save(self, body: Body) -> Body:
        after = {**body, "udate": stamp(self._shelf.store.now())}
        self._shelf.put("contact", body["id"], after, int(body["id"]))
        self._shelf.put("address", body["email"], {"id": body["id"]}, 0)
        return after


def _day(record: Record) -> date:
    return datetime.fromisoformat(record.body["udate"]).date()
