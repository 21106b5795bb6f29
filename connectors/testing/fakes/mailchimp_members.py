"""Members of the fake Mailchimp list: reading, upserting, and the compliance states.

Data flow: /lists/{id}/members... -> RecordStore("mailchimp", "member") + journal.

Rules and their sources: mailchimp_rules. An archived address counts as new for status_if_new.
Not verified: that the default list contains archived members; that since_last_changed is exclusive;
that tags do not move last_changed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.testing.fakes.mailchimp_common import (
    VENDOR,
    Journal,
    ProblemError,
    member_hash,
    not_found,
    page_of,
)
from connectors.testing.fakes.mailchimp_filter import MEMBER_INDEXES, STATUS, MemberFilter
from connectors.testing.fakes.mailchimp_rules import (
    MergeFields,
    address_of,
    check_writable,
    compliance_problem,
    forgotten_problem,
    full_name,
    in_compliance_state,
    merged_fields,
    status_fields,
)
from connectors.testing.fakes.sql_list import Clause, SqlList, field
from connectors.testing.messages import Request
from connectors.testing.store import Record, RecordStore


class Members:
    """The people of one list."""

    def __init__(
        self, store: RecordStore, journal: Journal, list_id: str, merge_fields: MergeFields
    ) -> None:
        self._store = store
        self._journal = journal
        self._list_id = list_id
        self._merge_fields = merge_fields
        self.lock = threading.RLock()
        self._list = SqlList(store, VENDOR, "member", MEMBER_INDEXES)

    def shown(self, body: dict[str, Any]) -> dict[str, Any]:
        """A stored member as the API returns it."""
        tags = body.get("tags") or []
        return (
            {
                "web_id": int(str(body["id"])[:7], 16),
                "email_type": "html",
                "consents_to_one_to_one_messaging": False,
                "merge_fields": {},
                "stats": {"avg_open_rate": 0, "avg_click_rate": 0},
                "ip_signup": "",
                "timestamp_signup": "",
                "ip_opt": "",
                "timestamp_opt": "",
                "member_rating": 2,
                "language": "",
                "vip": False,
                "email_client": "",
                "source": "API - Generic",
                "list_id": self._list_id,
                "_links": [],
            }
            | body
            | {"tags": tags, "tags_count": len(tags)}
        )

    def count(self, status: str) -> int:
        return self._list.count([Clause(f"{STATUS} = ?", (status,))])

    def statuses(self, hashes: Sequence[str]) -> dict[str, str]:
        """Status by subscriber hash of those who are on the list, archived people included."""
        found: dict[str, str] = {}
        for at in range(0, len(hashes), 10_000):
            some = tuple(hashes[at : at + 10_000])
            clause = Clause(f"id in ({','.join('?' * len(some))})", some)
            found.update(self._list.values([clause], f"id, {STATUS}"))
        return found

    def find(self, key: str) -> Record | None:
        """By subscriber hash, e-mail address or contact id."""
        if "@" in key:
            return self._store.get(VENDOR, "member", member_hash(key))
        found = self._store.get(VENDOR, "member", key.lower())
        if found is not None:
            return found
        same = Clause(f"{field('contact_id')} = ?", (key,))
        return next(iter(self._list.page([same], "rowid", 1)), None)

    def get(self, key: str) -> dict[str, Any]:
        record = self.find(key)
        if record is None:
            raise not_found()
        return self.shown(record.body)

    def page(self, request: Request) -> dict[str, Any]:
        count, offset = page_of(request)
        asked = MemberFilter.of(request)
        records = asked.page(self._list, count, offset)
        return {
            "members": [self.shown(record.body) for record in records],
            "list_id": self._list_id,
            "total_items": asked.total(self._list),
            "_links": [],
        }

    def create(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """POST members: only for an address that is not on the list."""
        email = address_of(body)
        with self.lock:
            known = self.find(email)
            if known is not None and known.body.get("status") != "archived":
                detail = (
                    f"{email} is already a list member. Use PUT to insert or update list members."
                )
                raise ProblemError(400, "Member Exists", detail)
            return self.upsert(request, email, body | {"status_if_new": body.get("status")})

    def upsert(self, request: Request, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """PUT: insert or update."""
        with self.lock:
            known = self.find(key)
            if known is None or known.body.get("status") == "archived":
                status = body.get("status_if_new") or body.get("status")
                return self._insert(request, address_of(body), status, body, known)
            return self.update(request, key, body)

    def update(self, request: Request, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """PATCH: the member must exist."""
        with self.lock:
            known = self.find(key)
            if known is None:
                raise not_found()
            before = known.body
            after = dict(before)
            changes: list[tuple[str, str, Any, Any]] = []
            status = body.get("status")
            if status is not None:
                check_writable("status", status)
                if in_compliance_state(before, str(status)):
                    self._journal.add(request, known.id, "refused", before.get("status"), status)
                    raise compliance_problem(str(before["email_address"]))
                if status != before.get("status"):
                    changes.append((known.id, "status", before.get("status"), status))
                    after |= status_fields(str(status))
            merge = merged_fields(
                self._merge_fields, body, before.get("merge_fields") or {}, new=False
            )
            if merge != before.get("merge_fields"):
                changes.append((known.id, "profile", before.get("merge_fields"), merge))
                after |= {"merge_fields": merge, "full_name": full_name(merge)}
            email = str(body.get("email_address") or before["email_address"])
            if member_hash(email) != known.id:
                self._move(known, email)
                changes.append((member_hash(email), "email", known.id, member_hash(email)))
                after["id"] = member_hash(email)
            after["email_address"] = email
            if changes:
                after["last_changed"] = self._store.now().isoformat()
                self._journal.add_many(request, changes)
            self._put(after, known)
            return self.shown(after)

    def archive(self, request: Request, key: str) -> None:
        with self.lock:
            known = self.find(key)
            if known is None:
                raise not_found()
            status = known.body.get("status")
            self._journal.add(request, known.id, "archived", status, "archived")
            now = self._store.now().isoformat()
            self._put(known.body | {"status": "archived", "last_changed": now}, known)

    def forget(self, request: Request, key: str) -> None:
        """delete-permanent: the address is remembered only as a hash that may not come back."""
        with self.lock:
            known = self.find(key)
            if known is None:
                raise not_found()
            self._journal.add(request, known.id, "deleted", known.body.get("status"), None)
            self.drop_memberships(known.id)
            self._store.delete(VENDOR, "member", known.id)
            now = self._store.now()
            stamp = now.timestamp()
            self._store.put(Record(VENDOR, "forgotten", known.id, {}, known.sort, stamp, stamp))

    def drop_memberships(self, hash: str) -> None:
        for row in self._store.places(VENDOR, "segment_member"):
            if str(row[0]).endswith(f":{hash}"):
                self._store.delete(VENDOR, "segment_member", row[0])

    def person_acts(self, email: str, status: str, reason: str | None = None) -> None:
        """The person (or a bouncing mailbox) changes the status, without the API: for tests."""
        with self.lock:
            known = self.find(email)
            if known is None:
                raise KeyError(f"{email} is not on the list")
            self._journal.add(None, known.id, "status", known.body.get("status"), status)
            changed = status_fields(status) | {"unsubscribe_reason": reason}
            self._put(known.body | changed | {"last_changed": self._store.now().isoformat()}, known)

    def set_tags(self, records: list[tuple[Record, list[dict[str, Any]]]]) -> None:
        """Store the tag lists of several members in one transaction; last_changed stays."""
        now = self._store.now().timestamp()
        self._store.put_many(
            replace(
                record,
                body=record.body | {"tags": tags, "tags_count": len(tags)},
                updated=now,
            )
            for record, tags in records
        )

    def _insert(
        self,
        request: Request,
        email: str,
        status: Any,
        body: dict[str, Any],
        archived: Record | None,
    ) -> dict[str, Any]:
        hash = member_hash(email)
        if self._store.get(VENDOR, "forgotten", hash) is not None:
            self._journal.add(request, hash, "refused", None, status)
            raise forgotten_problem(email)
        check_writable("status_if_new", status)
        merge = merged_fields(self._merge_fields, body, {}, new=True)
        now = self._store.now()
        first = archived.body if archived is not None else {}
        member = first | {
            "id": hash,
            "email_address": email,
            "unique_email_id": first.get("unique_email_id") or hash[:10],
            "contact_id": first.get("contact_id") or hash,
            "full_name": full_name(merge),
            "merge_fields": merge,
            "timestamp_signup": first.get("timestamp_signup") or now.isoformat(),
            "timestamp_opt": now.isoformat() if status == "subscribed" else "",
            "last_changed": now.isoformat(),
            "list_id": self._list_id,
            **status_fields(str(status)),
        }
        change = "created" if archived is None else "status"
        self._journal.add(request, hash, change, first.get("status"), status)
        self._put(member, archived)
        return self.shown(member)

    def _move(self, known: Record, email: str) -> None:
        other = self._store.get(VENDOR, "member", member_hash(email))
        if other is not None:
            detail = f"{email} is already a list member."
            raise ProblemError(400, "Member Exists", detail)
        for row in self._store.places(VENDOR, "segment_member"):
            segment, _, hash = str(row[0]).partition(":")
            if hash == known.id:
                self._store.delete(VENDOR, "segment_member", row[0])
                body = {"segment_id": int(segment), "id": member_hash(email)}
                moved = replace(known, entity="segment_member", id=f"{segment}:{body['id']}")
                self._store.put(replace(moved, body=body, sort=row[1], parent=segment))
        self._store.delete(VENDOR, "member", known.id)

    def _put(self, body: dict[str, Any], known: Record | None) -> None:
        now = self._store.now().timestamp()
        if known is None:
            last = next(iter(self._store.query(VENDOR, "member", order="-sort", limit=1)), None)
            sort = last.sort + 1 if last is not None else 1
            self._store.put(Record(VENDOR, "member", str(body["id"]), body, sort, now, now))
        else:
            self._store.put(replace(known, id=str(body["id"]), body=body, updated=now))
