"""Tags of the fake ActiveCampaign, and its bulk imports.

Data flow: /api/3/tags, contactTags, import/bulk_import -> RecordStore("activecampaign", ...).

Facts (developers.activecampaign.com; activecampaign-partial): a tag has a tagType; a contact's tag
is a record of its own, whose id is what is deleted; putting a tag on twice changes nothing; imports
take 250 contacts, answer with a batchId, are done later, create whoever is not there, and do not
subscribe to lists that were left; import/info tells what failed.
Not verified: the words of the refusal of a tag that is there already.
"""

from __future__ import annotations

from connectors.testing.fakes.activecampaign_common import (
    VENDOR,
    ActiveCampaignError,
    Body,
    Shelf,
    invalid,
    limit_of,
    not_found,
    stamp,
)
from connectors.testing.fakes.activecampaign_contacts import ACTIVE, UNSUBSCRIBED, Contacts
from connectors.testing.messages import Request

MAX_IMPORT = 250


class Tags:
    """All tags of one account and who has them."""

    def __init__(self, shelf: Shelf, contacts: Contacts) -> None:
        self._shelf, self._contacts = shelf, contacts

    # --- for tests and imports --------------------------------------------------------------

    def make(self, name: str, kind: str = "contact") -> str:
        """A tag as somebody makes it in the web interface; its id."""
        with self._shelf.lock:
            number = self._shelf.number("tag")
            body = {"id": str(number), "tag": name, "tagType": kind, "description": ""}
            self._shelf.put("tag", str(number), body, number)
            return str(number)

    def names(self) -> dict[str, str]:
        return {body["id"]: body["tag"] for body in self._shelf.all("tag")}

    def holders(self) -> dict[str, set[str]]:
        """Tag id -> ids of the contacts that have it."""
        found: dict[str, set[str]] = {}
        for body in self._shelf.all("contactTag"):
            found.setdefault(body["tag"], set()).add(body["contact"])
        return found

    def put(self, contact: str, tag: str) -> tuple[bool, Body]:
        """(whether it is new, the link)."""
        with self._shelf.lock:
            linked = self._shelf.all("contactTag", parent=contact)
            known = next((one for one in linked if one["tag"] == tag), None)
            if known is not None:
                return False, known
            number = self._shelf.number("contactTag")
            now = stamp(self._shelf.store.now())
            link = {"id": str(number), "contact": contact, "tag": tag, "cdate": now, "links": {}}
            self._shelf.put("contactTag", str(number), link, number, contact)
            return True, link

    def forget(self, tag: str) -> None:
        self._shelf.store.delete(VENDOR, "tag", tag)

    # --- the API ----------------------------------------------------------------------------

    def page(self, request: Request) -> Body:
        found, offset = self._shelf.all("tag"), int(request.param("offset", "0") or 0)
        shown = found[offset : offset + limit_of(request)]
        return {"tags": shown, "meta": {"total": str(len(found))}}

    def create(self, _request: Request, body: Body) -> tuple[int, Body]:
        given = body.get("tag") or {}
        name = str(given.get("tag") or "").strip()
        if not name or given.get("tagType") not in ("contact", "template"):
            raise invalid("The tag is not valid.")
        with self._shelf.lock:
            if name in self.names().values():
                raise invalid("Tag already exists", "duplicate")
            made = self.make(name, str(given["tagType"]))
        return 201, {"tag": self._shelf.get("tag", made)}

    def add(self, _request: Request, body: Body) -> tuple[int, Body]:
        given = body.get("contactTag") or {}
        contact, tag = str(given.get("contact")), str(given.get("tag"))
        if self._shelf.get("contact", contact) is None:
            raise not_found("Subscriber", contact)
        if self._shelf.get("tag", tag) is None:
            raise not_found("Tag", tag)
        is_new, link = self.put(contact, tag)
        return 201 if is_new else 200, {"contactTag": link}

    def remove(self, _request: Request, id: str) -> Body:
        if self._shelf.get("contactTag", id) is None:
            raise not_found("SubscriberTag", id)
        self._shelf.store.delete(VENDOR, "contactTag", id)
        return {}

    def contacts(self, request: Request) -> Body:
        """A page of contacts, with their tags where `include` asks for them."""
        answer = self._contacts.page(request, self.holders())
        if "contactTags" in (request.param("include") or ""):
            ids = [contact["id"] for contact in answer["contacts"]]
            answer["contactTags"] = [
                one for id in ids for one in self._shelf.all("contactTag", parent=id)
            ]
        return answer

    def start_import(self, _request: Request, body: Body) -> Body:
        contacts = body.get("contacts")
        if not isinstance(contacts, list) or not 1 <= len(contacts) <= MAX_IMPORT:
            raise ActiveCampaignError(400, f"At most {MAX_IMPORT} contacts.", "too_many")
        with self._shelf.lock:
            number = self._shelf.number("import")
            job: Body = {"id": f"batch-{number}", "contacts": contacts, "status": "waiting"}
            self._shelf.put("import", job["id"], {**job, "success": [], "failure": []}, number)
        return {"Success": 1, "queued_contacts": len(contacts), "batchId": job["id"]}

    def import_info(self, request: Request) -> Body:
        job = self._shelf.get("import", request.param("batchId") or "")
        if job is None:
            raise not_found("Batch", "?")
        return {name: job[name] for name in ("status", "success", "failure")}

    def work(self) -> None:
        """Do the imports that wait."""
        for record in list(self._shelf.store.query(VENDOR, "import")):
            job = record.body
            if job["status"] != "waiting":
                continue
            success, failure = [], []
            for given in job["contacts"]:
                try:
                    success.append(self._import(given))
                except ActiveCampaignError:
                    failure.append(str(given.get("email")))
            done = {**job, "status": "completed", "success": success, "failure": failure}
            self._shelf.put("import", job["id"], done, record.sort)

    def _import(self, given: Body) -> str:
        names = {"firstName": given.get("first_name", ""), "lastName": given.get("last_name", "")}
        known = self._contacts.find(str(given.get("email") or ""))
        if known is None:
            known = self._contacts.insert({**names, "email": given.get("email")})
        for name in given.get("tags") or []:
            ids = {tag: id for id, tag in self.names().items()}
            self.put(known["id"], ids.get(name) or self.make(name))
        left = {o["list"] for o in self._contacts.lists_of(known["id"]) if o["status"] == "2"}
        for one in given.get("subscribe") or []:
            if str(one["listid"]) not in left:
                self._contacts.set_status(known["id"], str(one["listid"]), ACTIVE, "api")
        for one in given.get("unsubscribe") or []:
            self._contacts.set_status(known["id"], str(one["listid"]), UNSUBSCRIBED, "api")
        return str(known["id"])
