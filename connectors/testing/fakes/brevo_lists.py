"""Folders and lists of the fake Brevo account, and who is on them.

Data flow: /contacts/folders..., /contacts/lists... -> RecordStore("brevo", "folder" | "list").

Facts: add and remove take `emails` or `ids`, at most 150, and answer 201 {contacts: {success,
failure}}; when nobody could be added or removed the answer is 400 "Contact already in list and/or
does not exist" (or "... removed from ..."); addresses are compared with those stored exactly,
while those stored are in lower case, so that an address with a capital letter is "not there"
(measured by a public repository's test in September 2026); `all: true` empties the list
(developers.brevo.com/reference: add-contact-to-list, remove-contact-from-list, create-list,
get-folder-lists; getbrevo/brevo-php docs, RemoveContactFromList). totalSubscribers and
totalBlacklisted are always 0 by now (get-folder-lists).
Not verified: the answer to more than 150 (400 here), that one address in bad form fails the whole
call (it does not here).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connectors.testing.fakes.brevo_common import (
    VENDOR,
    Body,
    Journal,
    invalid,
    moment_of,
    not_found,
    page_of,
)
from connectors.testing.fakes.brevo_contacts import Contacts
from connectors.testing.messages import Request
from connectors.testing.store import Record, RecordStore

MAX_CHANGE = 150
_FULL_PAGE = 500


class Lists:
    """All folders and lists of one account."""

    def __init__(self, store: RecordStore, contacts: Contacts, journal: Journal) -> None:
        self._store, self._contacts, self._journal = store, contacts, journal

    # --- for tests --------------------------------------------------------------------------

    def members(self, list_id: int) -> list[str]:
        """Addresses on a list, oldest contact first."""
        return [body["email"] for body in self._contacts.all() if list_id in body["listIds"]]

    def names(self) -> dict[int, str]:
        return {int(r.id): r.body["name"] for r in self._store.query(VENDOR, "list")}

    def make(self, entity: str, name: str, **more: Any) -> Body:
        """A folder or list, as somebody makes it in the web interface."""
        with self._contacts.lock:
            last = next(iter(self._store.query(VENDOR, entity, order="-sort", limit=1)), None)
            number = last.sort + 1 if last is not None else 1
            body = {"id": number, "name": name, **more}
            now = self._store.now().timestamp()
            self._store.put(Record(VENDOR, entity, str(number), body, number, now, now))
            return body

    # --- the API ----------------------------------------------------------------------------

    def folders(self, request: Request) -> Body:
        found = [self._shown(record.body) for record in self._store.query(VENDOR, "folder")]
        return {"folders": page_of(request, found, default=10, most=50), "count": len(found)}

    def create_folder(self, _request: Request, body: Body) -> tuple[int, Body]:
        return 201, {"id": self.make("folder", _name(body))["id"]}

    def page(self, request: Request, folder: str | None = None) -> Body:
        if folder is not None and self._store.get(VENDOR, "folder", folder) is None:
            raise not_found("Folder ID does not exist")
        found = [
            self._shown(record.body)
            for record in self._store.query(VENDOR, "list")
            if folder is None or record.body["folderId"] == int(folder)
        ]
        return {"lists": page_of(request, found, default=10, most=50), "count": len(found)}

    def get(self, list_id: str) -> Body:
        return self._shown(self._known(list_id).body)

    def create(self, _request: Request, body: Body) -> tuple[int, Body]:
        folder = body.get("folderId")
        if self._store.get(VENDOR, "folder", str(folder)) is None:
            raise not_found("Folder ID does not exist")
        return 201, {"id": self.make("list", _name(body), folderId=folder)["id"]}

    def rename(self, list_id: str, body: Body) -> None:
        known = self._known(list_id)
        self._store.put(replace(known, body=known.body | {"name": _name(body)}))

    def delete(self, list_id: str) -> None:
        known = self._known(list_id)
        self._store.delete(VENDOR, "list", known.id)

    def contacts(self, request: Request, list_id: str) -> Body:
        number, since = int(self._known(list_id).id), moment_of(request, "modifiedSince")
        found = [
            record.body
            for record in self._store.query(VENDOR, "contact")
            if number in record.body["listIds"]
            and (since is None or record.updated > since.timestamp())
        ]
        shown = page_of(request, found, default=50, most=_FULL_PAGE)
        return {"contacts": [self._contacts.shown(body) for body in shown], "count": len(found)}

    def add(self, _request: Request, list_id: str, body: Body) -> tuple[int, Body]:
        number = int(self._known(list_id).id)

        def put(contact: Body) -> bool:
            if number in contact["listIds"]:
                return False
            left = [one for one in contact["listUnsubscribed"] if one != number]
            if left != contact["listUnsubscribed"]:
                self._journal.add(contact["id"], "rejoined", number, None)
            on = sorted({*contact["listIds"], number})
            self._contacts.save(contact | {"listIds": on, "listUnsubscribed": left})
            return True

        said = "Contact already in list and/or does not exist"
        return self._each(body, put, said)

    def remove(self, _request: Request, list_id: str, body: Body) -> tuple[int, Body]:
        number = int(self._known(list_id).id)

        def take(contact: Body) -> bool:
            if number not in contact["listIds"]:
                return False
            on = [one for one in contact["listIds"] if one != number]
            self._contacts.save(contact | {"listIds": on})
            return True

        if body.get("all"):
            emptied = [self._contacts.find(email) for email in self.members(number)]
            for contact in emptied:
                if contact is not None:
                    take(contact)
            return 201, {"contacts": {"total": len(emptied), "processId": 1}}
        said = "Contact already removed from list and/or does not exist"
        return self._each(body, take, said)

    def _each(self, body: Body, change: Callable[[Body], bool], said: str) -> tuple[int, Body]:
        asked = body.get("emails")
        if not isinstance(asked, list) or not asked:
            raise invalid("emails should be a non-empty list")
        if len(asked) > MAX_CHANGE:
            raise invalid(f"Maximum {MAX_CHANGE} emails are allowed")
        success: list[str] = []
        failure: list[str] = []
        with self._contacts.lock:
            for email in asked:
                contact = self._contacts.find(email)
                (success if contact is not None and change(contact) else failure).append(email)
        if not success:
            raise invalid(said)
        return 201, {"contacts": {"success": success, "failure": failure}}

    def _known(self, list_id: str) -> Record:
        known = self._store.get(VENDOR, "list", list_id)
        if known is None:
            raise not_found("List ID does not exist")
        return known

    def _shown(self, body: Body) -> Body:
        unique = len(self.members(body["id"])) if "folderId" in body else 0
        return body | {"totalBlacklisted": 0, "totalSubscribers": 0, "uniqueSubscribers": unique}


def _name(body: Body) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise invalid("Name is missing")
    return name.strip()
