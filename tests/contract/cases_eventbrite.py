"""Eventbrite as conformance cases: a list in full, and one by changed_since."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import ClassVar

from vendors import Body, Case, Key, StoreVendor, case, z

from connectors.testing.fakes.eventbrite import EventbriteFake
from connectors.testing.fakes.eventbrite_records import money, when

FAKE = partial(EventbriteFake, page_size=4)


class Eventbrite(StoreVendor):
    vendor = kind = "eventbrite"
    error_in_200: ClassVar[Body] = {
        "status_code": 400,
        "error": "INVALID_ARGUMENT",
        "error_description": "Something about Anna Example",
    }
    settings: ClassVar[Body] = {
        "private_token": "sandbox-eventbrite-token",
        "organization_id": "4711",
        "page_size": 4,
    }

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"created": z(at), **body, "changed": z(at)}


class EventbriteEvent(Eventbrite):
    entity, stream, column = "event", "event", "currency"
    page_path = r"/events/\?"
    spoiled: ClassVar[Body] = {"capacity": "a lot"}
    lacks = frozenset({"resume", "tie"})  # the keys are compared at once, page by page

    def insert(self) -> Key:
        id = f"90{self.next_number():03d}"
        start = when(z(self.store.now()))
        body = {"id": id, "name": f"Event {id}", "status": "live", "currency": "EUR"}
        self.put(id, {**body, "start": start, "end": start}, "new")
        return (id,)


class EventbriteOrder(Eventbrite):
    entity, stream, column = "order", "order", "name"
    page_path = r"/orders/"
    spoiled: ClassVar[Body] = {"costs": {"gross": {"value": "a lot", "currency": "EUR"}}}
    lacks = frozenset({"delete"})

    def insert(self) -> Key:
        id = f"80{self.next_number():03d}"
        body = {"id": id, "event_id": "90001", "status": "placed", "name": f"Anna {id}"}
        self.put(id, {**body, "costs": {"gross": money(2500, "EUR")}}, "new")
        return (id,)


CASES: dict[str, Case] = {
    "eventbrite_event": case(EventbriteEvent, FAKE),
    "eventbrite_order": case(EventbriteOrder, FAKE),
}
