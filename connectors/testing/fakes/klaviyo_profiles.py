"""Profiles of the fake Klaviyo and what they consented to.

Data flow: /api/profiles..., /api/profile-import -> RecordStore("klaviyo", "profile" | "address").

Facts (klaviyo/openapi stable, get_profiles, create_profile, create_or_update_profile): creating
does not subscribe (consent NEVER_SUBSCRIBED); a known address is refused with 409
duplicate_profile, which names the id (klaviyo-api-node issue 75); profile-import creates or
updates; null clears a field, a field left out stays; subscriptions are shown only when asked for;
can_receive_email_marketing is true without a global suppression.
Not verified: whether `updated` moves when somebody is suppressed (not here: the worse case);
how spellings of an address are compared (in lower case here).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
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
from connectors.testing.messages import Request
from connectors.testing.store import Record

_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")
_MARKETING = "subscriptions.email.marketing"
_TIMES = {
    "updated": "updated",
    f"{_MARKETING}.suppression.timestamp": "suppression",
    f"{_MARKETING}.list_suppressions.timestamp": "list_suppressions",
}
_FILTERS = {
    "id": ("any", "equals"),
    "email": ("any", "equals"),
    **dict.fromkeys(_TIMES, ("greater-than",)),
}
_TEXTS = ("first_name", "last_name")
MAX_PAGE, MAX_ANY = 100, 100


class Profiles:
    """The people of one account."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    # --- for tests and the jobs -------------------------------------------------------------

    def all(self) -> Iterator[Body]:
        """Every profile as stored, oldest first."""
        return (record.body for record in self._shelf.store.query(VENDOR, "profile"))

    def find(self, email: str) -> Body | None:
        known = self._shelf.get("address", email.strip().lower())
        return self._shelf.get("profile", known["id"]) if known else None

    def seed(self, email: str) -> Body:
        """A profile somebody else made."""
        return self._insert({"email": email})

    def suppress(
        self, email: str, reason: str, *, list_id: str | None = None, by: str = "person"
    ) -> None:
        """The person unsubscribes, a mailbox bounces, or somebody suppresses the address."""
        with self._shelf.lock:
            known = self.find(email)
            if known is None:
                raise KeyError("no such profile")
            now = stamp(self._shelf.store.now())
            key, entry = "suppression", {"reason": reason, "timestamp": now}
            if list_id is not None:
                key, entry = "list_suppressions", {**entry, "list_id": list_id}
            after = {**known, key: [*known[key], entry]}
            if reason == "UNSUBSCRIBE" and list_id is None:
                after["consent"] = "UNSUBSCRIBED"
            self._shelf.journal(known["id"], "suppressed", known[key], after[key], by)
            self.save(after)

    def subscribe(self, email: str, list_id: str | None) -> Body:
        """What the subscribe job does to one profile: the trap."""
        with self._shelf.lock:
            known = self.find(email) or self._insert({"email": email})
            kept = [
                one
                for one in known["suppression"]
                if one["reason"] not in ("UNSUBSCRIBE", "SPAM_COMPLAINT", "USER_SUPPRESSED")
            ]
            on_list = [one for one in known["list_suppressions"] if one["list_id"] != list_id]
            after = {**known, "suppression": kept, "list_suppressions": on_list}
            after["consent"] = "SUBSCRIBED"
            before = [known["consent"], known["suppression"]]
            self._shelf.journal(known["id"], "subscribed", before, kept, "api")
            self.save(after)
            return after

    def lift(self, email: str) -> None:
        """What the unsuppress job does to one profile."""
        known = self.find(email)
        if known is not None:
            self._shelf.journal(known["id"], "unsuppressed", known["suppression"], [], "api")
            kept = [o for o in known["suppression"] if o["reason"] != "USER_SUPPRESSED"]
            self.save({**known, "suppression": kept})

    def delete(self, email: str) -> None:
        known = self.find(email)
        if known is not None:
            self._shelf.store.delete(VENDOR, "address", known["email"])
            self._shelf.store.delete(VENDOR, "profile", known["id"])

    def save(self, body: Body) -> None:
        self._shelf.put("profile", body["id"], body, int(body["id"][-12:]))
        self._shelf.put("address", body["email"], {"id": body["id"]})

    def exists(self, id: str) -> bool:
        return self._shelf.get("profile", id) is not None

    # --- the API ----------------------------------------------------------------------------

    def page(self, request: Request) -> Body:
        operator, field, value = filter_of(request, _FILTERS)
        records: list[Record] = list(self._shelf.store.query(VENDOR, "profile"))
        if field in ("email", "id"):
            wanted = [str(one).lower() for one in (value if operator == "any" else [value])]
            if len(wanted) > MAX_ANY:
                raise invalid("Too many values in the filter")
            records = [r for r in records if r.body[field].lower() in wanted]
        elif field:
            records = [r for r in records if _after(r.body, _TIMES[field], value)]
        return page_of(request, records, lambda body: self.shown(body, request), MAX_PAGE)

    def get(self, request: Request, id: str) -> Body:
        return {"data": self.shown(self._known(id), request)}

    def create(self, request: Request, data: Body) -> tuple[int, Body]:
        made = self._insert(data.get("attributes") or {})
        return 201, {"data": self.shown(made, request)}

    def update(self, request: Request, id: str, data: Body) -> Body:
        if data.get("id") != id:
            raise invalid("The id of the document must be that of the address line.")
        return {"data": self.shown(self._change(self._known(id), data["attributes"]), request)}

    def upsert(self, request: Request, data: Body) -> tuple[int, Body]:
        """The trap: it makes whoever is not there, also a person just erased."""
        attributes = data.get("attributes") or {}
        known = self.find(str(attributes.get("email") or ""))
        if known is None:
            return 201, {"data": self.shown(self._insert(attributes), request)}
        return 200, {"data": self.shown(self._change(known, attributes), request)}

    def shown(self, body: Body, request: Request) -> Body:
        """A stored profile as the API returns it."""
        names = ("email", "first_name", "last_name", "properties", "created", "updated")
        attributes: Body = {name: body[name] for name in names}
        if "subscriptions" in (request.param("additional-fields[profile]") or ""):
            times = [one["timestamp"] for one in body["suppression"]]
            marketing = {
                "can_receive_email_marketing": not body["suppression"],
                "consent": body["consent"],
                "consent_timestamp": None,
                "last_updated": max(times, default=None),
                "method": None,
                "method_detail": None,
                "custom_method_detail": None,
                "double_optin": None,
                "suppression": body["suppression"],
                "list_suppressions": body["list_suppressions"],
            }
            attributes["subscriptions"] = {"email": {"marketing": marketing}}
        asked = request.param("fields[profile]")
        if asked:
            wanted = asked.split(",")
            attributes = {name: value for name, value in attributes.items() if name in wanted}
        links = {"self": f"https://a.klaviyo.com/api/profiles/{body['id']}/"}
        return {"type": "profile", "id": body["id"], "attributes": attributes, "links": links}

    def _known(self, id: str) -> Body:
        known = self._shelf.get("profile", id)
        if known is None:
            raise not_found("profile", id)
        return known

    def _insert(self, given: Mapping[str, Any]) -> Body:
        with self._shelf.lock:
            email = str(given.get("email") or "").strip().lower()
            if not _ADDRESS.fullmatch(email):
                raise invalid(f"Invalid email address {email}")
            known = self.find(email)
            if known is not None:
                text = "A profile already exists with one of these identifiers."
                meta = {"duplicate_profile_id": known["id"]}
                raise KlaviyoError(409, "duplicate_profile", text, **meta)
            number, now = self._shelf.number("profile"), stamp(self._shelf.store.now())
            made: Body = {
                "id": f"01GDDKASAP8TKD{number:012d}",
                "email": email,
                **dict.fromkeys(_TEXTS),
                "properties": {},
                "created": now,
                "updated": now,
                "consent": "NEVER_SUBSCRIBED",
                "suppression": [],
                "list_suppressions": [],
            }
            return self._change(made, given)

    def _change(self, known: Body, given: Mapping[str, Any]) -> Body:
        with self._shelf.lock:
            after = dict(known)
            for name in _TEXTS:
                if name in given:
                    after[name] = given[name] or None
            custom = {**known["properties"], **(given.get("properties") or {})}
            after["properties"] = custom
            if "subscriptions" in given:
                raise invalid("'subscriptions' is not a valid field for the resource 'profile'.")
            after["updated"] = stamp(self._shelf.store.now())
            self.save(after)
            return after


def _after(body: Body, name: str, moment: datetime) -> bool:
    told = body[name]
    times = [told] if isinstance(told, str) else [one["timestamp"] for one in told]
    return any(datetime.fromisoformat(text) > moment for text in times)
