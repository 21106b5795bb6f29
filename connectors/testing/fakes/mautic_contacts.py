"""Contacts of the fake Mautic and their doNotContact entries.

Data flow: /api/contacts... -> RecordStore("mautic", ...) and the journal of objections.

Facts (mautic/mautic, LeadBundle/Controller/Api/LeadApiController.php and
CustomFieldsApiControllerTrait.php, Entity/DoNotContact.php; docs/rest_api/contacts.rst): POST
contacts/new changes the contact with that address if there is one; PATCH answers 404 for one that
is not there, PUT makes it; an address in an edit merges contacts; blanks are skipped unless
overwriteWithBlank; a doNotContact entry with reason 0, and dnc/{channel}/remove, take an objection
away (the traps); unknown fields are ignored; dateModified is null until the first edit. The
documented example of an entry has no time.
Not verified: that an objection leaves dateModified as it was (the fake lets it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.testing.fakes.mautic_common import (
    VENDOR,
    Body,
    MauticError,
    Shelf,
    alike,
    mapped,
    not_found,
)
from connectors.testing.messages import Request

FIELDS = ("firstname", "lastname", "member_number")
_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")


class Contacts:
    """The people of one installation."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    # --- for tests --------------------------------------------------------------------------

    def all(self) -> list[Body]:
        return self._shelf.all("contact")

    def find(self, email: str) -> Body | None:
        key = alike(email.strip())
        return next((c for c in self.all() if key and alike(c["email"]) == key), None)

    def get_by_id(self, id: str) -> Body | None:
        return self._shelf.get("contact", id)

    def insert(self, email: str) -> Body:
        """A contact somebody else made: also a second one with the same address, or none."""
        with self._shelf.lock:
            number, now = self._shelf.number("contact"), self._shelf.now()
            values = dict.fromkeys(FIELDS)
            made: Body = {"id": number, "email": email, **values, "doNotContact": []}
            return self._save({**made, "dateAdded": now, "dateModified": None})

    def objects(self, id: str, reason: int, channel: str = "email", by: str = "person") -> None:
        """The person unsubscribes (1), a mailbox bounces (2), a user marks them (3)."""
        known = self._known(id)
        entry = {"id": self._shelf.number("dnc"), "reason": reason, "comments": ""}
        self._shelf.journal(id, self._reasons(known), reason, by)
        kept = [one for one in known["doNotContact"] if one["channel"] != channel]
        entries = [*kept, {**entry, "channel": channel, "channelId": None}]
        self._save({**known, "doNotContact": entries})

    def forget(self, id: str) -> None:
        """Deleting a contact deletes its objections and memberships."""
        self._shelf.store.delete(VENDOR, "contact", id)
        for entry in self._shelf.all("member"):
            if entry["contact"] == id:
                self._shelf.store.delete(VENDOR, "member", f"{entry['segment']}:{id}")

    # --- the API ----------------------------------------------------------------------------

    def page(self, request: Request) -> Body:
        people = self.all()
        search = request.param("search") or ""
        if search.startswith("segment:"):
            inside = self._inside(search.removeprefix("segment:"))
            people = [one for one in people if str(one["id"]) in inside]
        total, shown = self._shelf.page(request, people)
        return {"total": total, "contacts": mapped([self._shown(one) for one in shown])}

    def get(self, _request: Request, id: str) -> Body:
        return {"contact": self._shown(self._known(id))}

    def create(self, _request: Request, body: Body) -> tuple[int, Body]:
        """The trap: it changes whoever has the address already."""
        email = str(body.get("email") or "").strip()
        if email and not _ADDRESS.fullmatch(email):
            raise MauticError(400, f"email: {email} is invalid.")
        with self._shelf.lock:
            known = self.find(email)
            contact = known or self.insert(email)
            after = self._change(contact, body, is_edit=known is not None)
        return 200 if known else 201, {"contact": self._shown(after)}

    def patch(self, _request: Request, id: str, body: Body) -> Body:
        with self._shelf.lock:
            known = self._known(id)
            other = self.find(str(body.get("email") or ""))
            if other is not None and other["id"] != known["id"]:
                self.forget(str(other["id"]))  # the trap: both are one contact from now on
            return {"contact": self._shown(self._change(known, body, is_edit=True))}

    def put(self, request: Request, id: str, body: Body) -> tuple[int, Body]:
        """The trap: it makes whoever is not there."""
        if self.get_by_id(id) is None:
            return self.create(request, body)
        return 200, self.patch(request, id, {**body, "overwriteWithBlank": True})

    def remove_dnc(self, _request: Request, id: str, channel: str) -> Body:
        """The trap: the person is written to again."""
        return {"recordFound": True, "contact": self._shown(self._lift(self._known(id), channel))}

    def fields(self, _request: Request) -> Body:
        named = ("email", *FIELDS)
        return {
            str(n): {"id": n, "alias": alias, "isUniqueIdentifer": alias == "email"}
            for n, alias in enumerate(named, 1)
        }

    # --- what lies behind -------------------------------------------------------------------

    def _change(self, known: Body, given: Mapping[str, Any], *, is_edit: bool) -> Body:
        blanks = bool(given.get("overwriteWithBlank"))
        values = {
            name: given[name] or None
            for name in ("email", *FIELDS)
            if name in given and (given[name] or blanks)
        }
        after = {**known, **values}
        if is_edit:
            after["dateModified"] = self._shelf.now()
        after = self._save(after)
        for entry in given.get("doNotContact") or []:
            channel, reason = entry.get("channel") or "email", int(entry.get("reason", 3))
            if reason == 0:
                after = self._lift(after, channel)
            else:
                self.objects(str(after["id"]), reason, channel, "api")
                after = self._known(str(after["id"]))
        return after

    def _lift(self, known: Body, channel: str) -> Body:
        self._shelf.journal(str(known["id"]), self._reasons(known), None, "api")
        kept = [one for one in known["doNotContact"] if one["channel"] != channel]
        return self._save({**known, "doNotContact": kept})

    def _reasons(self, known: Body) -> list[int]:
        return [int(one["reason"]) for one in known["doNotContact"]]

    def _inside(self, alias: str) -> set[str]:
        segments = {str(s["id"]) for s in self._shelf.all("segment") if s["alias"] == alias}
        members = self._shelf.all("member")
        return {m["contact"] for m in members if m["segment"] in segments and not m["removed"]}

    def _known(self, id: str) -> Body:
        known = self.get_by_id(id)
        if known is None:
            raise not_found()
        return known

    def _save(self, body: Body) -> Body:
        self._shelf.put("contact", str(body["id"]), body)
        return body

    def _shown(self, body: Body) -> Body:
        values = {name: body[name] for name in ("email", *FIELDS)}
        told = ("id", "dateAdded", "dateModified", "doNotContact")
        return {
            "isPublished": True,
            **{name: body[name] for name in told},
            "fields": {"core": {}, "all": {"id": body["id"], **values}},
            "tags": [],
        }
