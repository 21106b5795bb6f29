"""Action Network as conformance cases: windows over unordered pages, and the same below parents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from vendors import Body, Case, Key, StoreVendor, case, z

from connectors.testing.fakes.actionnetwork import ActionNetworkFake
from connectors.testing.store import Record


class ActionNetwork(StoreVendor):
    vendor = kind = "actionnetwork"
    error_in_200: ClassVar[Body] = {"error": "something about Anna Example"}
    settings: ClassVar[Body] = {
        "api_token": "sandbox-action-key",
        "page_size": 4,
        "first_day": "2026-06-29",
    }

    def tick(self) -> datetime:
        """Hours apart, not seconds: a window small enough is found in fewer requests."""
        at = self.store.now() + timedelta(hours=6)
        self.store.set_now(at)
        return at

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"created_date": z(at), **body, "modified_date": z(at)}

    def identified(self) -> str:
        return f"00000000-0000-4000-8000-{self.next_number():012d}"


class ActionNetworkPerson(ActionNetwork):
    entity, stream, column, field = "person", "person", "family_name", "family_name"
    page_path = r"/people\?"
    spoiled: ClassVar[Body] = {"created_date": "yesterday"}

    def insert(self) -> Key:
        id = self.identified()
        email = {"primary": True, "address": f"a{id[-3:]}@example.org", "status": "subscribed"}
        body = {"identifiers": [f"action_network:{id}"], "email_addresses": [email]}
        self.put(id, {**body, "given_name": "Anna", "family_name": "Example"}, "new")
        return (id,)


class ActionNetworkAttendance(ActionNetwork):
    entity, stream, column, field = "attendance", "attendance", "status", "status"
    page_path = r"/attendances\?"
    spoiled: ClassVar[Body] = {"created_date": "yesterday"}
    # Every event has an address of its own: a repeated answer is that event's.
    lacks = frozenset({"delete", "loop"})

    def insert(self) -> Key:
        id, number = self.identified(), self.next_number()
        event = f"00000000-0000-4000-9000-{number % 4:012d}"
        if self.store.get(self.vendor, "event", event) is None:
            about = {"identifiers": [f"action_network:{event}"], "title": "Gala"}
            body = self.stamped(about, self.store.now(), "new")
            self.store.put(Record(self.vendor, "event", event, body, number, 0.0, 0.0))
        who = {"action_network:person_id": "p", "action_network:event_id": event}
        body = {"identifiers": [f"action_network:{id}"], "status": "accepted", **who}
        self.put(id, body, "new")
        return (id,)

    def parent_of(self, body: Body) -> str | None:
        return str(body["action_network:event_id"])


CASES: dict[str, Case] = {
    "actionnetwork_person": case(ActionNetworkPerson, ActionNetworkFake),
    "actionnetwork_attendance": case(ActionNetworkAttendance, ActionNetworkFake),
}
