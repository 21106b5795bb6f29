"""Tito as conformance cases: lists by page number, keyset by time per event, check-in lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from vendors import Body, Case, Key, StoreVendor, case, z

from connectors.protocol import Source
from connectors.testing.fakes.tito import TitoFake
from connectors.testing.store import Record, RecordStore


class Tito(StoreVendor):
    vendor = kind = "tito"
    error_in_200: ClassVar[Body] = {"status": 500, "message": "Something about Anna Example"}
    settings: ClassVar[Body] = {
        "account": "example",
        "api_token": "sandbox-tito-token",
        "page_size": 4,
    }

    def source(self) -> Source:
        self.settings = {**self.settings, "checkin_url": self.server.url}
        return super().source()

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"created_at": z(at), **body, "updated_at": z(at)}

    def event(self, slug: str) -> None:
        if self.store.get("tito", "event", slug) is None:
            start = (self.store.now() + timedelta(days=9)).date().isoformat()
            body = {"id": len(slug), "slug": slug, "start_date": start, "created_at": "2026-01-01"}
            self.store.put(Record("tito", "event", slug, body, 1, 0.0, 0.0))


class TitoEvent(Tito):
    entity, stream, column = "event", "event", "title"
    page_path = r"/example/events\b"
    spoiled: ClassVar[Body] = {"start_date": "soon"}
    lacks = frozenset({"resume", "tie"})

    def insert(self) -> Key:
        number = self.next_number()
        start = (self.store.now() + timedelta(days=30 * (number % 3 - 1))).date().isoformat()
        body = {"id": number, "slug": f"event-{number}", "title": f"Event {number}"}
        archived = number % 4 == 0
        self.put(str(number), {**body, "start_date": start, "archived": archived}, "new")
        return (str(number),)


class TitoTicket(Tito):
    entity, stream, column = "ticket", "ticket", "release_title"
    page_path = r"/tickets\?"
    spoiled: ClassVar[Body] = {"price": "a lot"}
    lacks = frozenset({"delete"})

    def insert(self) -> Key:
        number = self.next_number()
        slug = "gala" if number % 2 else "summit"
        self.event(slug)
        body = {"id": number, "state": "void" if number % 5 == 0 else "complete", "event": slug}
        more = {"release_title": f"Early {number}", "price": 90.0, "registration_id": 1}
        self.put(str(number), {**body, **more}, "new")
        return (str(number),)

    def parent_of(self, body: Body) -> str | None:
        return str(body["event"])


class TitoCheckin(Tito):
    entity, stream, column, field = "checkin", "checkin", "ticket_id", "ticket_id"
    page_path = r"/checkins\?"
    spoiled: ClassVar[Body] = {"created_at": "soon"}
    # Pages of a check-in list are numbered: it is read again from its start.
    lacks = frozenset({"resume"})

    def insert(self) -> Key:
        number = self.next_number()
        self.event("gala")
        front = {"id": 1, "slug": "chk_front", "title": "Front", "created_at": "2026-01-01"}
        self.store.put(Record("tito", "checkin_list", "1", front, 1, 0.0, 0.0, "gala"))
        self.put(f"u-{number}", {"id": number, "uuid": f"u-{number}", "ticket_id": number}, "new")
        return (f"u-{number}",)

    def records(self) -> dict[Key, Any]:
        return {(r.id,): r.body["ticket_id"] for r in self._all() if not r.body.get("deleted_at")}

    def change(self, key: Key) -> None:
        body = self.body(key)
        self.put(key[0], {**body, "ticket_id": body["ticket_id"] + 1000}, "changed")

    def delete(self, key: Key) -> None:
        self.put(key[0], {**self.body(key), "deleted_at": z(self.store.now())}, "changed")

    def parent_of(self, body: Body) -> str | None:
        return "chk_front"


def _short_pages(store: RecordStore) -> Any:
    return TitoFake(store, checkin_page_size=4)


CASES: dict[str, Case] = {
    "tito_event": case(TitoEvent, TitoFake),
    "tito_ticket": case(TitoTicket, TitoFake),
    "tito_checkin": case(TitoCheckin, _short_pages),
}
