"""Pretix as conformance cases: fan-out, keyset by time alone and with children, re-read window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from vendors import Body, Case, Key, StoreVendor, case, z

from connectors.testing.fakes.pretix import PretixFake
from connectors.testing.store import Record


class Pretix(StoreVendor):
    vendor = kind = "pretix"
    error_in_200: ClassVar[Body] = {"detail": "Something about Anna Example"}
    settings: ClassVar[Body] = {
        "api_token": "sandbox-pretix-token",
        "organizer": "example",
        "page_size": 4,
    }


class PretixEvent(Pretix):
    entity, stream, column = "event", "event", "currency"
    page_path = r"/events/\?"
    spoiled: ClassVar[Body] = {"date_from": "soon"}
    lacks = frozenset({"resume", "tie"})

    def insert(self) -> Key:
        slug = f"event-{self.next_number():03d}"
        start = self.store.now() + timedelta(days=30)
        body = {"slug": slug, "name": {"en": slug}, "currency": "EUR", "live": True}
        self.put(slug, {**body, "date_from": z(start), "testmode": False}, "new")
        return (slug,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return body


class PretixOrder(Pretix):
    entity, stream, column = "order", "order", "locale"
    page_path = r"/orders/"
    spoiled: ClassVar[Body] = {"total": "a lot"}
    lacks = frozenset({"delete"})

    def insert(self) -> Key:
        number = self.next_number()
        code = f"A{number:04d}"
        position = {"id": number, "order": code, "positionid": 1, "item": 1, "price": "30.00"}
        payment = {"local_id": 1, "state": "confirmed", "amount": "30.00", "provider": "manual"}
        body = {"code": code, "event": "gala", "status": "p", "locale": "de", "testmode": False}
        lists = {"positions": [position], "payments": [payment], "refunds": []}
        self.put(code, {**body, "total": "30.00", **lists}, "new")
        return (code,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"datetime": z(at), **body, "last_modified": z(at)}


class PretixSubevent(Pretix):
    entity, stream, column = "subevent", "subevent", "location"
    page_path = r"/subevents/"
    spoiled: ClassVar[Body] = {"date_from": "soon"}

    def insert(self) -> Key:
        number = self.next_number()
        start = self.store.now() + timedelta(days=number)
        body = {"id": number, "event": "course", "name": {"en": "Evening"}, "location": "Hall"}
        self.put(str(number), {**body, "date_from": z(start)}, "new")
        return (str(number),)

    def parent_of(self, body: Body) -> str | None:
        return str(body["event"])

    def records(self) -> dict[Key, str]:
        # A text of many languages: the warehouse holds it as JSON.
        return {key: f'"{value}"' for key, value in super().records().items()}

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {**body, "last_modified": z(at)}


class PretixCheckin(Pretix):
    entity, stream, column = "checkin", "checkin", "error_reason"
    page_path = r"/checkins/"
    spoiled: ClassVar[Body] = {"successful": "perhaps"}
    lacks = frozenset({"delete"})

    def insert(self) -> Key:
        number = self.next_number()
        slug = f"gala-{number % 2}"
        if self.store.get("pretix", "event", slug) is None:
            start = z(self.store.now())
            event = {"slug": slug, "name": {"en": slug}, "date_from": start, "date_to": None}
            self.store.put(Record("pretix", "event", slug, event, number, 0.0, 0.0))
        body = {"id": number, "event": slug, "position": number, "list": 1, "successful": True}
        self.put(str(number), {**body, "type": "entry", "error_reason": "ok"}, "new")
        return (str(number),)

    def parent_of(self, body: Body) -> str | None:
        return str(body["event"])

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        # A scan is annulled in place: its time of creation stays, except where a test says so.
        if how == "changed":
            return body
        return {**body, "created": z(at), "datetime": z(at)}


CASES: dict[str, Case] = {
    "pretix_event": case(PretixEvent, PretixFake),
    "pretix_subevent": case(PretixSubevent, PretixFake),
    "pretix_order": case(PretixOrder, PretixFake),
    "pretix_checkin": case(PretixCheckin, PretixFake),
}
