"""Segments of the fake Mautic and who is in them.

Data flow: /api/segments... -> RecordStore("mautic", ...).

Facts (mautic/mautic, LeadBundle/Controller/Api/ListApiController.php, Model/ListModel.php;
docs/rest_api/segments.rst): contacts/add takes any number of ids and answers success 1 whatever
became of them, `details` by id tell; adding undoes an earlier removal by hand (the trap); removing
whoever was put in by hand deletes the entry, whoever does it; removing a contact that is not inside
is a success; names may exist twice, aliases are made unique.
Not verified: how an alias is made from a name.
"""

from __future__ import annotations

import re

from connectors.testing.fakes.mautic_common import (
    VENDOR,
    Body,
    MauticError,
    Shelf,
    mapped,
    not_found,
)
from connectors.testing.fakes.mautic_contacts import Contacts
from connectors.testing.messages import Request


class Segments:
    """All segments of one installation."""

    def __init__(self, shelf: Shelf, contacts: Contacts) -> None:
        self._shelf, self._contacts = shelf, contacts

    # --- for tests --------------------------------------------------------------------------

    def make(self, name: str) -> Body:
        with self._shelf.lock:
            number = self._shelf.number("segment")
            base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
            taken = {one["alias"] for one in self._shelf.all("segment")}
            alias = base if base not in taken else f"{base}{number}"
            body: Body = {"id": number, "name": name, "publicName": name, "alias": alias}
            body |= {"filters": [], "isPublished": True, "isGlobal": False}
            self._shelf.put("segment", str(number), {**body, "isPreferenceCenter": False})
            return self._known(str(number))

    def names(self) -> dict[str, str]:
        return {str(one["id"]): one["name"] for one in self._shelf.all("segment")}

    def members(self, id: str) -> set[str]:
        """Ids of the contacts inside."""
        entries = self._shelf.all("member", parent=id)
        return {one["contact"] for one in entries if not one["removed"]}

    def join(self, id: str, contact: str, *, by_hand: bool = True) -> None:
        with self._shelf.lock:
            known = self._shelf.get("member", f"{id}:{contact}")
            if known is not None and not (by_hand and known["removed"]):
                return
            self._enter(id, contact, by_hand=by_hand, removed=False)

    def part(self, id: str, contact: str) -> None:
        """Somebody takes the contact out, or the person leaves in a preference centre."""
        with self._shelf.lock:
            known = self._shelf.get("member", f"{id}:{contact}")
            if known is not None and known["by_hand"]:
                self._shelf.store.delete(VENDOR, "member", f"{id}:{contact}")
            elif known is not None:
                self._enter(id, contact, by_hand=False, removed=True)

    def forget(self, id: str) -> None:
        self._shelf.store.delete(VENDOR, "segment", id)

    # --- the API ----------------------------------------------------------------------------

    def page(self, request: Request) -> Body:
        total, shown = self._shelf.page(request, self._shelf.all("segment"))
        return {"total": total, "lists": mapped(shown)}

    def get(self, _request: Request, id: str) -> Body:
        return {"list": self._known(id)}

    def create(self, _request: Request, body: Body) -> tuple[int, Body]:
        name = str(body.get("name") or "")
        if not name:
            raise MauticError(400, "name: A name is required.")
        told = ("filters", "isGlobal", "isPublished", "isPreferenceCenter")
        with self._shelf.lock:
            made = {**self.make(name), **{key: body[key] for key in told if key in body}}
            self._shelf.put("segment", str(made["id"]), made)
        return 201, {"list": made}

    def add(self, _request: Request, id: str, body: Body) -> Body:
        if body.get("ids") is None:
            raise MauticError(400, "Bad request")
        self._known(id)
        details: Body = {}
        for contact in [str(one) for one in body["ids"]]:
            is_there = self._contacts.get_by_id(contact) is not None
            if is_there:
                self.join(id, contact)
            details[contact] = {"success": is_there}
        return {"success": 1, "details": details or []}

    def remove(self, _request: Request, id: str, contact: str, _body: Body) -> Body:
        self._known(id)
        if self._contacts.get_by_id(contact) is None:
            raise not_found()
        self.part(id, contact)
        return {"success": 1}

    def _enter(self, id: str, contact: str, *, by_hand: bool, removed: bool) -> None:
        entry = {"segment": id, "contact": contact, "by_hand": by_hand, "removed": removed}
        self._shelf.put("member", f"{id}:{contact}", entry, id)

    def _known(self, id: str) -> Body:
        known = self._shelf.get("segment", id)
        if known is None:
            raise not_found()
        return known
