"""GoCardless as conformance cases: list and event log, full read, re-read window."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.gocardless import GocardlessFake
from connectors.testing.fakes.gocardless_objects import act, text


class Gocardless(StoreVendor):
    vendor = kind = "gocardless"
    error_in_200: ClassVar[Body] = {
        "error": {"type": "invalid_state", "code": 200, "message": "Anna Example"}
    }
    settings: ClassVar[Body] = {"access_token": "sandbox-gc-token", "page_size": 4}

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"created_at": text(at), **body}


class GocardlessPayment(Gocardless):
    entity, stream, column = "payment", "payment", "reference"
    page_path = r"^/payments\?"
    spoiled: ClassVar[Body] = {"amount": "a lot"}
    lacks = frozenset({"delete"})

    def put(self, id: str, body: Body, how: str, at: datetime | None = None) -> None:
        super().put(id, body, how, at)
        act(self.store, "payment", id, "created" if how == "new" else "surcharge_fee_debited")

    def insert(self) -> Key:
        id = f"PM{self.next_number():04d}"
        body = {"id": id, "amount": 1000, "reference": f"R-{id}", "links": {"mandate": "MD1"}}
        self.put(id, body, "new")
        return (id,)


class GocardlessCustomer(Gocardless):
    entity, stream, column = "customer", "customer", "given_name"
    page_path = r"^/customers\?"
    spoiled: ClassVar[Body] = {"created_at": "2026-02-30T00:00:00.000Z"}
    lacks = frozenset({"tie", "spoil"})

    def insert(self) -> Key:
        id = f"CU{self.next_number():04d}"
        self.put(id, {"id": id, "given_name": id, "email": f"{id}@example.org"}, "new")
        return (id,)


class GocardlessEvent(Gocardless):
    entity, stream, column = "event", "event", "action"
    page_path = r"^/events\?"
    spoiled: ClassVar[Body] = {"details": {"will_attempt_retry": "perhaps"}}
    lacks = frozenset({"delete"})

    def insert(self) -> Key:
        id = f"EV{self.next_number():04d}"
        body = {"id": id, "resource_type": "payments", "action": "confirmed"}
        self.put(id, {**body, "details": {}, "links": {"payment": "PM1"}}, "new")
        return (id,)


CASES: dict[str, Case] = {
    "gocardless_payment": case(GocardlessPayment, GocardlessFake),
    "gocardless_customer": case(GocardlessCustomer, GocardlessFake),
    "gocardless_event": case(GocardlessEvent, GocardlessFake),
}
