"""Wild Apricot as conformance cases: an asynchronous search, fan-out, ids in order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from vendors import Body, Case, Key, StoreVendor, case, z

from connectors.protocol import Source
from connectors.testing.fakes.wildapricot import WildApricotFake
from connectors.testing.fakes.wildapricot_records import contact, money, registration
from connectors.testing.store import Record


class WildApricot(StoreVendor):
    vendor = kind = "wildapricot"
    error_in_200: ClassVar[Body] = {"code": "Search", "message": "about Anna Example"}
    settings: ClassVar[Body] = {
        "api_key": "sandbox-apricot-key",
        "page_size": 4,
        "poll_seconds": 0.001,
        "async_wait_seconds": 5,
    }

    def source(self) -> Source:
        self.settings["token_url"] = f"{self.server.url}/auth/token"
        return super().source()

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return body


class WildApricotContact(WildApricot):
    entity, stream, column, field = "contact", "contact", "organization", "Organization"
    page_path = r"resultId="
    spoiled: ClassVar[Body] = {"MembershipEnabled": "perhaps"}
    # A search has one address: a repeated answer names an earlier search, not an earlier page.
    lacks = frozenset({"resume", "loop"})

    def insert(self) -> Key:
        number = self.next_number()
        names = {"FirstName": "Anna", "LastName": f"Example{number:03d}", "Organization": "Club"}
        self.put(str(number), contact(number, updated="", **names), "new")
        return (str(number),)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        fields = [dict(field) for field in body["FieldValues"]]
        for field in fields:
            if field["SystemCode"] == "LastUpdated":
                field["Value"] = z(at)
        return {**body, "ProfileLastUpdated": z(at), "FieldValues": fields}


class WildApricotRegistration(WildApricot):
    entity, stream = "registration", "event_registration"
    column, field = "status", "Status"
    page_path = r"/eventregistrations\?.*includeDetails=true"
    spoiled: ClassVar[Body] = {"RegistrationFee": "a lot"}

    def insert(self) -> Key:
        number = self.next_number()
        event = 100 + number % 4
        if self.store.get("wildapricot", "event", str(event)) is None:
            start = z(self.store.now() + timedelta(days=30))
            self._put_event(event, {"Id": event, "Name": "Gala", "StartDate": start})
        self.put(str(number), registration(number, event, 7, ""), "new")
        return (str(number),)

    def parent_of(self, body: Body) -> str | None:
        return str(body["Event"]["Id"])

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return body if how == "changed" else {**body, "RegistrationDate": z(at)}

    def _put_event(self, id: int, body: dict[str, Any]) -> None:
        self.store.put(Record("wildapricot", "event", str(id), body, id, 0.0, 0.0))


class WildApricotInvoice(WildApricot):
    entity, stream = "invoice", "invoice"
    column, field = "document_number", "DocumentNumber"
    page_path = r"/invoices\?ids="
    spoiled: ClassVar[Body] = {"PaidAmount": "a lot"}

    def insert(self) -> Key:
        number = self.next_number()
        more = {
            "DocumentNumber": f"I{number}",
            "IsPaid": False,
            "PaidAmount": 0,
            "VoidedDate": None,
        }
        self.put(str(number), money("Invoice", number, 7, 60.5, "2026-06-01", **more), "new")
        return (str(number),)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        if how == "changed":
            return body
        made = z(at).removesuffix("Z")
        return {**body, "CreatedDate": made, "DocumentDate": f"{made}+00:00"}


CASES: dict[str, Case] = {
    "wildapricot_contact": case(WildApricotContact, WildApricotFake),
    "wildapricot_registration": case(WildApricotRegistration, WildApricotFake),
    "wildapricot_invoice": case(WildApricotInvoice, WildApricotFake),
}
