"""Contacts of the fake Brevo account: reading, creating, updating, and what people do themselves.

Data flow: /contacts... -> RecordStore("brevo", "contact") + journal.

Facts: addresses are kept in lower case; POST /contacts refuses an existing address (400,
`duplicate_parameter`) unless `updateEnabled`; PUT sets or lifts the block with `emailBlacklisted`
(the trap: `false` writes to somebody who objected); attributes the account does not have, and
values of another type, are ignored without a word; `EMAIL` among the attributes changes the
address (developers.brevo.com/reference: create-contact, update-contact, get-contact-info;
getbrevo/brevo-php docs, CreateContact and UpdateContact). `modifiedAt` moves with any update
(developers.brevo.com/changelog/2026/10/14).
Not verified: that creating with updateEnabled and `emailBlacklisted: false` lifts a block (it does
here), that an empty attribute is left out when read, that adding somebody to a list they have left
puts them back on it (it does here, the worse case).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from connectors.testing.fakes.brevo_common import (
    VENDOR,
    Body,
    BrevoError,
    Journal,
    invalid,
    moment_of,
    not_found,
    page_of,
    stamp,
)
from connectors.testing.messages import Request
from connectors.testing.store import Record, RecordStore

_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")
MAX_PAGE = 1_000


class Contacts:
    """The people of one account. `attributes`: name -> Brevo's type (text, float, date, boolean).

    `lock` is held while anything is changed.
    """

    def __init__(self, store: RecordStore, journal: Journal, attributes: Mapping[str, str]) -> None:
        self._store, self._journal = store, journal
        self.attributes = dict(attributes)
        self.lock = threading.RLock()

    # --- for tests --------------------------------------------------------------------------

    def all(self) -> Iterator[Body]:
        """Every contact as stored, oldest first."""
        return (record.body for record in self._store.query(VENDOR, "contact"))

    def find(self, email: str) -> Body | None:
        """By exact address, as the bulk endpoints compare."""
        return next((body for body in self.all() if body["email"] == email), None)

    def person_acts(self, email: str, *, blocked: bool = True, list_id: int | None = None) -> None:
        """The person objects to all e-mail (or to one list), or a mailbox bounces."""
        with self.lock:
            known = self.find(email.lower())
            if known is None:
                raise KeyError("no such contact")
            if list_id is None:
                self._journal.add(
                    known["id"], "blocked", known["emailBlacklisted"], blocked, by="person"
                )
                self.save(known | {"emailBlacklisted": blocked})
            else:
                self._journal.add(known["id"], "left", None, list_id, by="person")
                on = [one for one in known["listIds"] if one != list_id]
                left = sorted({*known["listUnsubscribed"], list_id})
                self.save(known | {"listIds": on, "listUnsubscribed": left})

    def seed(self, email: str, **more: Any) -> Body:
        """A contact somebody else made."""
        with self.lock:
            return self._insert(email, more)

    # --- the API ----------------------------------------------------------------------------

    def page(self, request: Request) -> Body:
        since = moment_of(request, "modifiedSince")
        found = [
            record.body
            for record in self._store.query(VENDOR, "contact")
            if since is None or record.updated > since.timestamp()
        ]
        shown = page_of(request, found, default=50, most=MAX_PAGE)
        return {"contacts": [self.shown(body) for body in shown], "count": len(found)}

    def get(self, identifier: str) -> Body:
        return self.shown(self._identified(identifier)) | {"statistics": {}}

    def create(self, _request: Request, body: Body) -> tuple[int, Body | None]:
        email = body.get("email")
        if not isinstance(email, str) or not _ADDRESS.fullmatch(email.strip()):
            raise invalid("email is not valid in this body")
        with self.lock:
            known = self.find(email.strip().lower())
            if known is None:
                return 201, {"id": self._insert(email.strip(), body)["id"]}
            if not body.get("updateEnabled"):
                raise BrevoError(
                    400,
                    "duplicate_parameter",
                    "Unable to create contact, email is already associated with another Contact",
                    metadata={"duplicate_identifiers": ["email"]},
                )
            self._change(known, body)
            return 204, None

    def update(self, identifier: str, body: Body) -> None:
        with self.lock:
            self._change(self._identified(identifier), body)

    def delete(self, identifier: str) -> None:
        with self.lock:
            known = self._identified(identifier)
            self._journal.add(known["id"], "deleted", None, None)
            self._store.delete(VENDOR, "contact", str(known["id"]))

    def attribute_list(self) -> Body:
        return {
            "attributes": [
                {"name": name, "category": "normal", "type": kind}
                for name, kind in self.attributes.items()
            ]
        }

    def shown(self, body: Body) -> Body:
        """A stored contact as the API returns it."""
        return {name: value for name, value in body.items() if name != "statistics"}

    def save(self, body: Body) -> None:
        """Store a changed contact; its time of change moves."""
        now = self._store.now()
        known = self._store.get(VENDOR, "contact", str(body["id"]))
        if known is None:
            raise KeyError("no such contact")
        changed = body | {"modifiedAt": stamp(now)}
        self._store.put(replace(known, body=changed, updated=now.timestamp()))

    def _identified(self, identifier: str) -> Body:
        text = unquote(identifier)
        if "@" in text:
            # Unlike the bulk endpoints, this one takes any spelling.
            found = self.find(text.lower())
        else:
            record = self._store.get(VENDOR, "contact", text)
            found = record.body if record else None
        if found is None:
            raise not_found("Contact does not exist")
        return found

    def _insert(self, email: str, body: Mapping[str, Any]) -> Body:
        last = next(iter(self._store.query(VENDOR, "contact", order="-sort", limit=1)), None)
        number = last.sort + 1 if last is not None else 1
        now = self._store.now()
        made = {
            "id": number,
            "email": email.lower(),
            "emailBlacklisted": bool(body.get("emailBlacklisted", False)),
            "smsBlacklisted": False,
            "createdAt": stamp(now),
            "modifiedAt": stamp(now),
            "listIds": list(body.get("listIds") or []),
            "listUnsubscribed": [],
            "attributes": self._accepted({}, body.get("attributes") or {}),
        }
        at = now.timestamp()
        self._store.put(Record(VENDOR, "contact", str(number), made, number, at, at))
        self._journal.add(number, "created", None, made["emailBlacklisted"])
        return made

    def _change(self, known: Body, body: Body) -> None:
        after = dict(known)
        if "emailBlacklisted" in body and body["emailBlacklisted"] != known["emailBlacklisted"]:
            after["emailBlacklisted"] = bool(body["emailBlacklisted"])
            before = known["emailBlacklisted"]
            self._journal.add(known["id"], "blocked", before, after["emailBlacklisted"])
        given = dict(body.get("attributes") or {})
        email = str(given.pop("EMAIL", known["email"])).lower()
        if email != known["email"]:
            if self.find(email) is not None:
                raise invalid(
                    "Unable to update contact, email is already associated with another Contact"
                )
            after["email"] = email
        after["attributes"] = self._accepted(known["attributes"], given)
        if after["attributes"] != known["attributes"]:
            self._journal.add(known["id"], "profile", known["attributes"], after["attributes"])
        joined = {*after["listIds"], *(body.get("listIds") or [])}
        after["listIds"] = sorted(joined - set(body.get("unlinkListIds") or []))
        left = set(after["listUnsubscribed"]) - set(body.get("listIds") or [])
        after["listUnsubscribed"] = sorted(left)
        self.save(after)

    def _accepted(self, before: Mapping[str, Any], given: Mapping[str, Any]) -> Body:
        kept = dict(before)
        for name, value in given.items():
            kind = self.attributes.get(name)
            if kind is None or (kind == "text" and not isinstance(value, str)):
                continue
            if value == "":
                kept.pop(name, None)
            else:
                kept[name] = value
        return kept
