"""Zendesk as conformance cases: cursor export with flags, time-based export, re-read window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.zendesk import SETTLED, ZendeskFake


class Zendesk(StoreVendor):
    """Every change happened a little more than a minute ago: exports hide the last one."""

    vendor = kind = "zendesk"
    error_in_200: ClassVar[Body] = {"error": "Unknown", "description": "Anna Example"}
    settings: ClassVar[Body] = {
        "email": "admin@example.org",
        "api_token": "sandbox-zendesk-token",
        "page_size": 4,
    }

    def records(self) -> dict[Key, str]:
        return {(r.id,): r.body[self.column] for r in self._all() if not self.gone(r.body)}

    def gone(self, body: Body) -> bool:
        return False

    def tick(self) -> datetime:
        return super().tick() - timedelta(seconds=SETTLED)

    def tie(self, keys: Sequence[Key]) -> None:
        latest = max(self._all(), key=lambda record: record.updated)
        moment = datetime.fromtimestamp(latest.updated, tz=self.store.now().tzinfo)
        for key in keys:
            self.put(key[0], self.body(key), "tied", moment)

    def put(self, id: str, body: Body, how: str, at: datetime | None = None) -> None:
        """A change leaves the time of creation as it was, except where a test ties it."""
        known = self.store.get(self.vendor, self.entity, id)
        super().put(id, body, how, at)
        if known is not None and how == "changed":
            made = self.store.get(self.vendor, self.entity, id)
            assert made is not None
            self.store.put(replace(made, created=known.created))

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return body


class ZendeskTicket(Zendesk):
    entity, stream, column = "ticket", "ticket", "priority"
    page_path = r"/incremental/tickets/cursor"
    spoiled: ClassVar[Body] = {"requester_id": "somebody"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "status": "open", "priority": "normal", "requester_id": 7}
        self.put(str(number), body, "new")
        return (str(number),)

    def gone(self, body: Body) -> bool:
        return bool(body["status"] == "deleted")

    def delete(self, key: Key) -> None:
        self.put(key[0], {**self.body(key), "status": "deleted"}, "changed")


class ZendeskOrganization(Zendesk):
    entity, stream, column = "organization", "organization", "name"
    page_path = r"/incremental/organizations"
    spoiled: ClassVar[Body] = {"created_at": "once"}

    def insert(self) -> Key:
        number = self.next_number()
        self.put(str(number), {"id": number, "name": f"Club {number}"}, "new")
        return (str(number),)

    def gone(self, body: Body) -> bool:
        return "deleted_at" in body

    def delete(self, key: Key) -> None:
        self.put(key[0], {**self.body(key), "deleted_at": "2026-06-30T12:00:00Z"}, "changed")


class ZendeskRating(Zendesk):
    entity, stream, column = "satisfaction_rating", "satisfaction_rating", "score"
    page_path = r"/satisfaction_ratings"
    spoiled: ClassVar[Body] = {"ticket_id": "none"}
    lacks = frozenset({"delete"})

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "ticket_id": number, "score": "good", "requester_id": 7}
        self.put(str(number), body, "new")
        return (str(number),)

    def change(self, key: Key) -> None:
        other = {"good": "bad", "bad": "good"}[self.body(key)["score"]]
        self.put(key[0], {**self.body(key), "score": other}, "changed")


CASES: dict[str, Case] = {
    "zendesk_ticket": case(ZendeskTicket, ZendeskFake),
    "zendesk_organization": case(ZendeskOrganization, ZendeskFake),
    "zendesk_rating": case(ZendeskRating, ZendeskFake),
}
