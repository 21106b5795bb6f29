"""Static segments (tags) of the fake Mailchimp list.

Data flow: /lists/{id}/segments... -> RecordStore("mailchimp", "segment" | "segment_member").

Facts: a batch adds and removes at most 500 addresses each, more is 400 "Maximum allowed member
items exceeded" (answer recorded in hitobito 1819); addresses that are not on the list are ignored
and never created or subscribed (Mailchimp's description of members_to_add); static segments and
tags are the same thing; the member list of a segment leaves out unsubscribed, cleaned and
transactional people unless include_* asks for them. Archived people count as not on the list.
Not verified: whether ignored addresses are named in `errors` (`report_ignored` chooses, off by
default) and that people who already are in the segment are left out of members_added.
"""

from __future__ import annotations

from typing import Any

from connectors.testing.fakes.mailchimp_common import (
    MAX_BATCH,
    VENDOR,
    Journal,
    bad_field,
    invalid,
    member_hash,
    not_found,
    page_of,
)
from connectors.testing.fakes.mailchimp_members import Members
from connectors.testing.messages import Request
from connectors.testing.store import Record, RecordStore

_LIMIT = (
    "Maximum allowed member items exceeded, please provide at most 500 items in "
    "members_to_add field or members_to_remove field"
)
_HIDDEN = ("unsubscribed", "cleaned", "transactional")


class Segments:
    """The static segments of one list."""

    def __init__(
        self,
        store: RecordStore,
        members: Members,
        journal: Journal,
        list_id: str,
        *,
        report_ignored: bool = False,
    ) -> None:
        self._store = store
        self._members = members
        self._journal = journal
        self._list_id = list_id
        self._report_ignored = report_ignored

    def shown(self, record: Record) -> dict[str, Any]:
        return (
            {
                "type": "static",
                "created_at": "",
                "updated_at": "",
                "list_id": self._list_id,
                "_links": [],
            }
            | record.body
            | {"member_count": self._store.count(VENDOR, "segment_member", parent=record.id)}
        )

    def page(self, request: Request) -> dict[str, Any]:
        count, offset = page_of(request)
        kind = request.param("type")
        rows = [
            record
            for record in self._store.query(VENDOR, "segment")
            if kind in (None, record.body.get("type", "static"))
        ]
        return {
            "segments": [self.shown(record) for record in rows[offset : offset + count]],
            "list_id": self._list_id,
            "total_items": len(rows),
            "_links": [],
        }

    def get(self, id: str) -> dict[str, Any]:
        return self.shown(self._find(id))

    def create(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        name = body.get("name")
        if not isinstance(name, str) or not name.strip():
            raise bad_field("name", "This value should not be blank.")
        emails = body.get("static_segment")
        if not isinstance(emails, list):
            raise bad_field("static_segment", "Only static segments can be created here.")
        _at_most(emails)
        with self._members.lock:
            record = self._new(name)
            self._add(request, record, emails)
            return self.shown(record)

    def rename(self, request: Request, id: str, body: dict[str, Any]) -> dict[str, Any]:
        """PATCH. Trap: `static_segment` replaces the membership, also of those others added."""
        with self._members.lock:
            record = self._find(id)
            changed = record.body | {
                "name": body.get("name") or record.body["name"],
                "updated_at": self._store.now().isoformat(),
            }
            self._put(id, changed, record.sort)
            if isinstance(body.get("static_segment"), list):
                _at_most(body["static_segment"])
                self._remove(request, record, self._hashes(id))
                self._add(request, record, body["static_segment"])
            return self.get(id)

    def delete(self, request: Request, id: str) -> None:
        with self._members.lock:
            self._remove(request, self._find(id), self._hashes(id))
            self._store.delete(VENDOR, "segment", id)

    def batch(self, request: Request, id: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST segments/{id}: add and remove up to 500 addresses each."""
        adds, removes = body.get("members_to_add") or [], body.get("members_to_remove") or []
        if not isinstance(adds, list) or not isinstance(removes, list):
            raise bad_field("members_to_add", "Schema describes array, string found instead")
        _at_most(adds)
        _at_most(removes)
        with self._members.lock:
            record = self._find(id)
            removed = self._remove(request, record, [member_hash(str(email)) for email in removes])
            added, ignored = self._add(request, record, adds)
        errors = []
        if ignored and self._report_ignored:
            message = "Email addresses are not on the list"
            errors = [{"email_addresses": ignored, "error": message}]
        return {
            "members_added": added,
            "members_removed": removed,
            "errors": errors,
            "total_added": len(added),
            "total_removed": len(removed),
            "error_count": len(errors),
            "_links": [],
        }

    def members_page(self, request: Request, id: str) -> dict[str, Any]:
        count, offset = page_of(request)
        self._find(id)
        hidden = {status for status in _HIDDEN if request.param(f"include_{status}") != "true"} | {
            "archived"
        }
        listed = self._hashes(id)
        statuses = self._members.statuses(listed)
        hashes = [h for h in listed if statuses.get(h, "archived") not in hidden]
        chosen = hashes[offset : offset + count]
        found = {record.id: record for record in self._store.query(VENDOR, "member", ids=chosen)}
        return {
            "members": [self._members.shown(found[h].body) for h in chosen if h in found],
            "total_items": len(hashes),
            "_links": [],
        }

    def remove_one(self, request: Request, id: str, hash: str) -> None:
        with self._members.lock:
            if not self._remove(request, self._find(id), [hash]):
                raise not_found()

    def tag(self, request: Request, key: str, body: dict[str, Any]) -> None:
        """POST members/{hash}/tags: {"tags": [{"name", "status": active|inactive}]}."""
        wanted = body.get("tags")
        if not isinstance(wanted, list):
            raise bad_field("tags", "This value should not be blank.")
        with self._members.lock:
            known = self._members.find(key)
            if known is None:
                raise not_found()
            named = {r.body["name"]: r for r in self._store.query(VENDOR, "segment")}
            for tag in wanted:
                record = named.get(tag.get("name"))
                if tag.get("status") == "active":
                    record = record or self._new(str(tag["name"]))
                    self._add(request, record, [str(known.body["email_address"])])
                elif record is not None:
                    self._remove(request, record, [known.id])

    def _find(self, id: str) -> Record:
        record = self._store.get(VENDOR, "segment", id)
        if record is None:
            raise not_found()
        return record

    def _hashes(self, id: str) -> list[str]:
        rows = self._store.places(VENDOR, "segment_member", parent=id)
        return [str(row[0]).partition(":")[2] for row in rows]

    def _new(self, name: str) -> Record:
        existing = list(self._store.query(VENDOR, "segment"))
        if any(record.body["name"] == name for record in existing):
            raise invalid("Sorry, that tag already exists.")
        id = max((int(record.id) for record in existing), default=1000) + 1
        now = self._store.now().isoformat()
        body = {"id": id, "name": name, "type": "static", "created_at": now, "updated_at": now}
        return self._put(str(id), body, id)

    def _put(self, id: str, body: dict[str, Any], sort: int) -> Record:
        stamp = self._store.now().timestamp()
        record = Record(VENDOR, "segment", id, body, sort, stamp, stamp)
        self._store.put(record)
        return record

    def _records(self, hashes: list[str]) -> list[Record]:
        found = {r.id: r for r in self._store.query(VENDOR, "member", ids=set(hashes))}
        return [found[hash] for hash in dict.fromkeys(hashes) if hash in found]

    def _add(
        self, request: Request, segment: Record, emails: list[Any]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """(members added, addresses ignored because they are not on the list)."""
        by_hash = {member_hash(str(email)): str(email) for email in emails}
        listed = [r for r in self._records(list(by_hash)) if r.body.get("status") != "archived"]
        ignored = [by_hash[hash] for hash in by_hash.keys() - {record.id for record in listed}]
        inside = set(self._hashes(segment.id))
        fresh = [record for record in listed if record.id not in inside]
        tag = {"id": int(segment.id), "name": segment.body["name"]}
        stamp = self._store.now().timestamp()
        order = self._store.count(VENDOR, "segment_member")
        self._store.put_many(
            Record(
                VENDOR,
                "segment_member",
                f"{segment.id}:{record.id}",
                {"segment_id": int(segment.id), "id": record.id},
                order + number,
                stamp,
                stamp,
                segment.id,
            )
            for number, record in enumerate(fresh, start=1)
        )
        tagged = [(record, [*_without(record, tag["id"]), tag]) for record in fresh]
        self._members.set_tags(tagged)
        self._journal.add_many(
            request, [(record.id, "tag_added", None, tag["name"]) for record in fresh]
        )
        return [self._members.shown(r.body | {"tags": tags}) for r, tags in tagged], ignored

    def _remove(self, request: Request, segment: Record, hashes: list[str]) -> list[dict[str, Any]]:
        inside = set(self._hashes(segment.id))
        leaving = [record for record in self._records(hashes) if record.id in inside]
        for hash in inside.intersection(hashes):
            self._store.delete(VENDOR, "segment_member", f"{segment.id}:{hash}")
        tagged = [(record, _without(record, int(segment.id))) for record in leaving]
        self._members.set_tags(tagged)
        name = segment.body["name"]
        self._journal.add_many(
            request, [(record.id, "tag_removed", name, None) for record in leaving]
        )
        return [self._members.shown(r.body | {"tags": tags}) for r, tags in tagged]


def _without(record: Record, segment_id: int) -> list[dict[str, Any]]:
    return [tag for tag in record.body.get("tags") or [] if tag["id"] != segment_id]


def _at_most(items: list[Any]) -> None:
    if len(items) > MAX_BATCH:
        raise invalid(_LIMIT)
