"""Stripe as conformance cases: list and event log, re-read window."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.stripe import StripeFake
from connectors.testing.store import Record


class Stripe(StoreVendor):
    vendor = kind = "stripe"
    error_in_200: ClassVar[Body] = {"error": {"type": "api_error", "message": "Anna Example"}}
    settings: ClassVar[Body] = {"api_key": "sk_test_sandbox", "page_size": 4}

    def put(self, id: str, body: Body, how: str, at: datetime | None = None) -> None:
        super().put(id, body, how, at)
        self.log("created" if how == "new" else "updated", self.body((id,)))

    def delete(self, key: Key) -> None:
        gone = self.body(key)
        super().delete(key)
        self.tick()
        self.log("deleted", gone)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"created": int(at.timestamp()), **body}

    def log(self, what: str, snapshot: Body) -> None:
        """The event that Stripe writes for every change."""
        number = 1 + self.store.count("stripe", "event")
        created = self.store.now().timestamp()
        body: dict[str, Any] = {
            "id": f"evt_{number:05d}",
            "type": f"{self.entity}.{what}",
            "created": int(created),
            "data": {"object": snapshot},
        }
        self.store.put(Record("stripe", "event", body["id"], body, number, created, created))


class StripeInvoice(Stripe):
    entity, stream, column = "invoice", "invoice", "number"
    page_path = r"^/v1/invoices\?"
    spoiled: ClassVar[Body] = {"total": "a lot"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": f"in_{number:04d}", "number": f"R-{number}", "total": 1000, "status": "draft"}
        self.put(str(body["id"]), body, "new")
        return (str(body["id"]),)


class StripeRefund(Stripe):
    entity, stream, column = "refund", "refund", "status"
    page_path = r"^/v1/refunds\?"
    spoiled: ClassVar[Body] = {"amount": "a lot"}
    lacks = frozenset({"delete", "tie"})

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": f"re_{number:04d}", "charge": "ch_1", "amount": 500, "status": "pending"}
        self.put(str(body["id"]), body, "new")
        return (str(body["id"]),)


CASES: dict[str, Case] = {
    "stripe_invoice": case(StripeInvoice, StripeFake),
    "stripe_refund": case(StripeRefund, StripeFake),
}
