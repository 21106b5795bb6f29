"""Contacts and lists of the fake SendGrid.

Data flow: /v3/marketing/contacts..., lists... -> RecordStore("sendgrid", ...), done later.

Facts (twilio/sendgrid-oai, spec/yaml/tsg_mc_contacts_v3.yaml, tsg_mc_lists_v3.yaml): upserts of up
to 30,000 contacts create or change and are the only way onto a list; all identifiers of a contact
must be there; addresses become lower case; fields left out stay; one invalid address refuses the
request; search by at most 100 addresses, alternate ones too, 404 when nobody is found, 400 when one
is invalid; one contact id that does not exist refuses a removal (404); exports are gzip CSV files.
Not verified: what becomes of an upsert that lacks an identifier (the fake: an errored job).
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import uuid
from collections.abc import Mapping
from typing import Any

from connectors.testing.fakes.sendgrid_common import VENDOR, Body, SendgridError, Shelf, stamp
from connectors.testing.messages import Request

MAX_UPSERT, MAX_SEARCH = 30_000, 100
COLUMNS = ("email", "first_name", "last_name", "alternate_emails", "contact_id", "created_at")
_IDENTIFIERS = ("email", "phone_number_id", "external_id", "anonymous_id")
_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")


class Contacts:
    """The people and the lists of one account."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.most_lists = 1000  # per page
        self._exports: dict[str, Body] = {}
        self._files: dict[str, bytes] = {}

    # --- for tests --------------------------------------------------------------------------

    def all(self) -> list[Body]:
        return self._shelf.all("contact")

    def find(self, address: str) -> Body | None:
        """By its address or another one of its own."""
        key = address.lower()
        known = self.all()
        first = next((one for one in known if one["email"] == key), None)
        return first or next((one for one in known if key in one["alternate_emails"]), None)

    def save(self, given: Mapping[str, Any]) -> Body:
        """Make a contact, or change the one with that address; at once."""
        with self._shelf.lock:
            now, email = stamp(self._shelf.store.now()), str(given["email"]).lower()
            known = self.find(email) or {
                **dict.fromkeys(("first_name", "last_name", *_IDENTIFIERS), ""),
                "id": str(uuid.uuid4()),
                "email": email,
                "alternate_emails": [],
                "list_ids": [],
                "segment_ids": [],
                "created_at": now,
            }
            values = {k: v for k, v in given.items() if k not in ("email", "list_ids")}
            lists = list(dict.fromkeys([*known["list_ids"], *given.get("list_ids", [])]))
            made = {**known, **values, "list_ids": lists, "updated_at": now}
            self._shelf.put("contact", made["id"], made)
            return made

    def forget(self, id: str) -> None:
        self._shelf.store.delete(VENDOR, "contact", id)

    def make_list(self, name: str) -> Body:
        with self._shelf.lock:
            if any(one["name"] == name for one in self._shelf.all("list")):
                raise SendgridError(400, "a list with this name exists already", "name")
            made: Body = {"id": str(uuid.uuid4()), "name": name}
            self._shelf.put("list", made["id"], made, len(self._shelf.all("list")))
            return made

    def forget_list(self, id: str) -> None:
        self._shelf.store.delete(VENDOR, "list", id)

    # --- the API: contacts ------------------------------------------------------------------

    def upsert(self, _request: Request, body: Body) -> tuple[int, Body]:
        rows = body.get("contacts") or []
        if not 1 <= len(rows) <= MAX_UPSERT:
            raise SendgridError(400, "contacts must have 1 to 30000 items", "contacts")
        for number, row in enumerate(rows):
            if not _ADDRESS.fullmatch(str(row.get("email") or "")):
                raise SendgridError(400, f"{row.get('email')} is invalid", f"contacts[{number}]")
        lists = body.get("list_ids") or []
        for id in lists:
            self._list(id)

        def work() -> Body:
            refused = created = 0
            for row in rows:
                known = self.find(row["email"])
                wanted = {k: known[k] for k in _IDENTIFIERS if known[k]} if known else {}
                if any(str(row.get(k) or "").lower() != str(v).lower() for k, v in wanted.items()):
                    refused += 1
                else:
                    created += known is None
                    self.save({**row, "list_ids": lists})
            told = {"requested_count": len(rows), "created_count": created}
            return {**told, "errored_count": refused}

        return 202, self._shelf.later(work)

    def delete(self, request: Request) -> tuple[int, Body]:
        ids = str(request.param("ids") or "").split(",")

        def work() -> Body:
            for id in ids:
                self.forget(id)
            return {"deleted_count": len(ids)}

        return 202, self._shelf.later(work)

    def job(self, _request: Request, id: str) -> Body:
        return self._shelf.job(id)

    def count(self, _request: Request) -> Body:
        return {"contact_count": len(self.all()), "billable_count": len(self.all())}

    def search(self, _request: Request, body: Body) -> Body:
        asked = [str(one) for one in body.get("emails") or []]
        if not 1 <= len(asked) <= MAX_SEARCH or not all(map(_ADDRESS.fullmatch, asked)):
            raise SendgridError(400, "emails are invalid", "emails")
        found = {address.lower(): self.find(address) for address in asked}
        if not any(found.values()):
            raise SendgridError(404, "contacts not found")
        return {
            "result": {
                address: {"contact": item} if item else {"error": "contact not found"}
                for address, item in found.items()
            }
        }

    # --- the API: exports -------------------------------------------------------------------

    def export(self, _request: Request, body: Body) -> tuple[int, Body]:
        lists = body.get("list_ids") or []
        for id in lists:
            self._list(id)
        made = str(uuid.uuid4())
        self._exports[made] = {"lists": lists, "looks": 0}
        return 202, {"id": made, "_metadata": {}}

    def exported(self, request: Request, id: str) -> Body:
        """Pending at the first look, made at the second."""
        job = self._exports.get(id)
        if job is None:
            raise SendgridError(404, "export not found")
        job["looks"] += 1
        times = {name: stamp(self._shelf.store.now()) for name in ("created_at", "updated_at")}
        told: Body = {"id": id, **times, "expires_at": times["created_at"]}
        if job["looks"] < 2:
            return {**told, "status": "pending", "urls": []}
        wanted = set(job["lists"])
        rows = [one for one in self.all() if not wanted or wanted & set(one["list_ids"])]
        self._files[id] = _file(rows)
        url = f"{request.base_url}/files/{id}.csv.gz"
        return {**told, "status": "ready", "urls": [url], "contact_count": len(rows)}

    def file(self, id: str) -> bytes | None:
        return self._files.get(id)

    # --- the API: lists ---------------------------------------------------------------------

    def lists(self, request: Request) -> Body:
        known = self._shelf.all("list")
        size = min(int(request.param("page_size") or 100), self.most_lists)
        start = int(request.param("page_token") or 0)
        link = f"{request.base_url}/v3/marketing/lists?page_size={size}"
        told: Body = {"self": link, "count": len(known)}
        if start + size < len(known):
            told["next"] = f"{link}&page_token={start + size}"
        shown = [self._shown(one) for one in known[start : start + size]]
        return {"result": shown, "_metadata": told}

    def create_list(self, _request: Request, body: Body) -> tuple[int, Body]:
        return 201, self._shown(self.make_list(str(body.get("name") or "")))

    def remove(self, request: Request, id: str) -> tuple[int, Body]:
        self._list(id)
        ids = str(request.param("contact_ids") or "").split(",")
        if any(self._shelf.get("contact", one) is None for one in ids):
            raise SendgridError(404, "one or more contacts do not exist")

        def work() -> Body:
            for one in ids:
                known = self._shelf.get("contact", one)
                if known is not None:
                    left = [list_id for list_id in known["list_ids"] if list_id != id]
                    self._shelf.put("contact", one, {**known, "list_ids": left})
            return {}

        return 202, self._shelf.later(work)

    def _list(self, id: str) -> Body:
        known = self._shelf.get("list", id)
        if known is None:
            raise SendgridError(404, "list not found")
        return known

    def _shown(self, body: Body) -> Body:
        inside = [one for one in self.all() if body["id"] in one["list_ids"]]
        return {**body, "contact_count": len(inside), "_metadata": {}}


def _file(rows: list[Body]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([name.upper() for name in (*COLUMNS, "updated_at")])
    for row in rows:
        told = {
            **row,
            "contact_id": row["id"],
            "alternate_emails": ",".join(row["alternate_emails"]),
        }
        writer.writerow([told[name] for name in (*COLUMNS, "updated_at")])
    return gzip.compress(text.getvalue().encode())
