"""Contacts of the fake HubSpot: reading, searching, batches, creating, updating, GDPR deletion.

Data flow: /crm/v3/objects/contacts... -> RecordStore("hubspot", "contact" | "address").

Facts: POST refuses a known address with 409 CONFLICT, which quotes the id (hubspot-api-nodejs issue
545); batch/read with idProperty=email answers 207 with the missing ones among `errors`;
batch/upsert and batch/read take 100; search shows 10,000 at most, pages up to 200, and lags behind
writes (hubspot-api-php issue 59; craft-freeform issue 2500: up to 30 s); GET pages up to 100 by
id; gdpr-delete of an unknown address puts it on a blocklist (developers.hubspot.com,
gdpr-delete-contact); opt-outs are properties of the contact that follow the address; addresses
are kept in lower case; a contact answers to its additional addresses as well.
Not verified: the answer to a blocklisted address (400 here); that writing an opt-out property is
refused as read-only (it is here); whether a blank batch of 207 keeps the order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from connectors.testing.fakes.hubspot_common import (
    VENDOR,
    Body,
    HubspotError,
    Shelf,
    invalid,
    not_found,
    stamp,
)
from connectors.testing.fakes.hubspot_preferences import Preferences
from connectors.testing.messages import Request
from connectors.testing.store import Record

_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")
_READ_ONLY = re.compile(r"hs_email_.*|hs_object_id|lastmodifieddate|createdate")
_DEFAULT = ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")
MAX_BATCH, MAX_PAGE, MAX_SEARCH, SEARCH_MOST = 100, 100, 200, 10_000


class Contacts:
    """The people of one account. `properties`: names that can be written.

    `search_lag`: for so long after a change, search does not show a contact.
    """

    def __init__(
        self, shelf: Shelf, preferences: Preferences, properties: Iterable[str], lag: timedelta
    ) -> None:
        self._shelf, self._preferences = shelf, preferences
        self.writable, self.search_lag = {"email", *properties}, lag
        self.search_most = SEARCH_MOST

    # --- for tests --------------------------------------------------------------------------

    def all(self) -> Iterator[Body]:
        """Every contact as stored: {id, properties}; oldest first."""
        return (record.body for record in self._shelf.store.query(VENDOR, "contact"))

    def find(self, email: str) -> Body | None:
        """By any of its addresses, in any spelling."""
        known = self._shelf.get("address", email.strip().lower())
        return self._shelf.get("contact", known["id"]) if known else None

    def seed(self, email: str, **properties: str) -> Body:
        """A contact somebody else made."""
        return self._insert({"email": email, **properties})

    def touch(self, email: str, **properties: str) -> None:
        """HubSpot itself changes a contact (a bounce, an opt-out), if there is one."""
        with self._shelf.lock:
            known = self.find(email)
            if known is not None:
                self._save(known, {**known["properties"], **properties})

    # --- the API ----------------------------------------------------------------------------

    def page(self, request: Request) -> Body:
        limit = _whole(request.param("limit", "10"), MAX_PAGE)
        after = int(request.param("after", "0") or 0)
        found = list(self._shelf.store.query(VENDOR, "contact", after_sort=after, limit=limit + 1))
        wanted = (request.param("properties") or "").split(",")
        answer: Body = {"results": [self._shown(r.body, wanted) for r in found[:limit]]}
        if len(found) > limit:
            answer["paging"] = {"next": {"after": str(found[limit - 1].sort), "link": "?"}}
        return answer

    def search(self, _request: Request, body: Body) -> Body:
        limit, after = _whole(body.get("limit", 10), MAX_SEARCH), int(body.get("after") or 0)
        if after + limit > self.search_most:
            raise invalid(f"Paging is limited to {self.search_most} results")
        visible = (self._shelf.store.now() - self.search_lag).timestamp()
        found = [r for r in self._shelf.store.query(VENDOR, "contact") if r.updated <= visible]
        for group in body.get("filterGroups") or []:
            for rule in group["filters"]:
                found = [record for record in found if _matches(record, rule)]
        found.sort(key=lambda record: (record.updated, record.sort))
        shown = [self._shown(r.body, body.get("properties")) for r in found[after : after + limit]]
        answer: Body = {"total": len(found), "results": shown}
        if after + limit < len(found):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return answer

    def batch_read(self, _request: Request, body: Body) -> tuple[int, Body]:
        inputs = _inputs(body)
        by_email = body.get("idProperty") == "email"
        found: dict[str, Body] = {}
        missing = []
        for one in inputs:
            key = str(one.get("id"))
            known = self.find(key) if by_email else self._shelf.get("contact", key)
            if known is None:
                missing.append(key)
            else:
                found[known["id"]] = self._shown(known, body.get("properties"))
        return _batch(list(found.values()), missing)

    def batch_upsert(self, _request: Request, body: Body) -> tuple[int, Body]:
        """The trap: it creates whoever is not there, also a person just erased."""
        made = []
        for one in _inputs(body):
            if one.get("idProperty") != "email":
                raise invalid("idProperty must be a unique property")
            known = self.find(str(one["id"]))
            given = {**one.get("properties", {}), "email": str(one["id"])}
            changed = self._insert(given) if known is None else self._update(known, given)
            made.append({**self._shown(changed, None), "new": known is None})
        return _batch(made, [])

    def get(self, request: Request, identifier: str) -> Body:
        by_email = request.param("idProperty") == "email"
        known = self.find(identifier) if by_email else self._shelf.get("contact", identifier)
        if known is None:
            raise not_found("resource not found")
        return self._shown(known, (request.param("properties") or "").split(","))

    def create(self, _request: Request, body: Body) -> tuple[int, Body]:
        return 201, self._shown(self._insert(body.get("properties") or {}), None)

    def update(self, identifier: str, body: Body) -> Body:
        known = self._shelf.get("contact", identifier)
        if known is None:
            raise not_found("resource not found")
        return self._shown(self._update(known, body.get("properties") or {}), None)

    def archive(self, identifier: str) -> None:
        known = self._shelf.get("contact", identifier)
        if known is not None:
            self._forget(known)

    def gdpr_delete(self, body: Body) -> None:
        key = str(body.get("objectId"))
        by_email = body.get("idProperty") == "email"
        known = self.find(key) if by_email else self._shelf.get("contact", key)
        if known is not None:
            self._forget(known)
        elif by_email:
            self._shelf.put("blocked", key.lower(), {"address": key.lower()})

    def _forget(self, known: Body) -> None:
        for address in _addresses(known["properties"]):
            self._shelf.store.delete(VENDOR, "address", address)
        self._shelf.store.delete(VENDOR, "contact", known["id"])

    def _insert(self, given: Mapping[str, Any]) -> Body:
        with self._shelf.lock:
            self._accepted(given)
            email = str(given.get("email") or "").strip().lower()
            if not _ADDRESS.fullmatch(email):
                raise invalid(f"Property values were not valid: email {email} is invalid")
            if self._shelf.get("blocked", email):
                raise invalid("This email address is blocklisted")
            known = self.find(email)
            if known is not None:
                message = f"Contact already exists. Existing ID: {known['id']}"
                raise HubspotError(409, "CONFLICT", message)
            number = self._shelf.number("contact")
            now = stamp(self._shelf.store.now())
            made = {"id": str(number), "properties": {}, "createdAt": now}
            return self._save(made, {**given, "email": email, "createdate": now})

    def _update(self, known: Body, given: Mapping[str, Any]) -> Body:
        with self._shelf.lock:
            self._accepted(given)
            return self._save(known, {**known["properties"], **given})

    def _save(self, known: Body, properties: Mapping[str, Any]) -> Body:
        now = stamp(self._shelf.store.now())
        kept = {name: value for name, value in properties.items() if value != ""}
        body = {**known, "properties": {**kept, "lastmodifieddate": now}, "updatedAt": now}
        self._shelf.put("contact", known["id"], body, int(known["id"]))
        for address in _addresses(kept):
            self._shelf.put("address", address, {"id": known["id"]})
        return body

    def _accepted(self, given: Mapping[str, Any]) -> None:
        for name in given:
            if _READ_ONLY.fullmatch(name) and name != "hs_additional_emails":
                raise invalid(f'"{name}" is a read only property; its value cannot be set.')
            if name not in self.writable and name != "hs_additional_emails":
                raise invalid(f'Property "{name}" does not exist')

    def _shown(self, body: Body, wanted: Iterable[str] | None) -> Body:
        """A stored contact as the API returns it: asked-for properties, null where empty."""
        stored = body["properties"]
        every = {**stored, **self._preferences.properties(stored["email"])}
        every["hs_object_id"] = body["id"]
        names = {*_DEFAULT, *(name for name in wanted or () if name)}
        return {
            "id": body["id"],
            "properties": {name: every.get(name) for name in sorted(names)},
            "createdAt": body["createdAt"],
            "updatedAt": body["updatedAt"],
            "archived": False,
        }


def _addresses(properties: Mapping[str, Any]) -> list[str]:
    more = str(properties.get("hs_additional_emails") or "").split(";")
    return [one.lower() for one in (str(properties["email"]), *more) if one]


def _matches(record: Record, rule: Mapping[str, Any]) -> bool:
    if rule["propertyName"] != "lastmodifieddate" or rule["operator"] not in ("GT", "GTE"):
        raise invalid("this filter is not offered by the fake")
    at, since = int(record.updated * 1000), int(rule["value"])
    return at > since if rule["operator"] == "GT" else at >= since


def _inputs(body: Body) -> list[Body]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise invalid("inputs must not be empty")
    if len(inputs) > MAX_BATCH:
        raise invalid(f"The maximum batch size is {MAX_BATCH}")
    return inputs


def _batch(results: list[Body], missing: list[str]) -> tuple[int, Body]:
    answer: Body = {"status": "COMPLETE", "results": results}
    if not missing:
        return 200, answer
    said = {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some CONTACT objects, they may be deleted or not exist.",
        "context": {"ids": missing},
    }
    return 207, {**answer, "numErrors": 1, "errors": [said]}


def _whole(value: Any, most: int) -> int:
    number = int(value)
    if not 1 <= number <= most:
        raise invalid(f"limit must be between 1 and {most}")
    return number
