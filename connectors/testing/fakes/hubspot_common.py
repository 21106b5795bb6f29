"""What all parts of the fake HubSpot share: error documents, times, records, the journal.

Data flow: request parameters and store records -> JSON in HubSpot's forms.

Facts: errors are {status: "error", message, correlationId, category} (HubSpot/hubspot-api-nodejs
issue 545, hubspot-api-python issue 51); lists page by paging.next.after.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from connectors.testing.messages import Response
from connectors.testing.store import Record, RecordStore

VENDOR = "hubspot"
Body = dict[str, Any]


class HubspotError(Exception):
    """An answer in HubSpot's error form."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.category, self.more = status, category, more

    def response(self) -> Response:
        said = {"status": "error", "message": str(self), "correlationId": "c0ffee-0001"}
        return Response.of_json({**said, "category": self.category, **self.more}, self.status)


def invalid(message: str, **more: Any) -> HubspotError:
    return HubspotError(400, "VALIDATION_ERROR", message, **more)


def not_found(message: str) -> HubspotError:
    return HubspotError(404, "OBJECT_NOT_FOUND", message)


def stamp(moment: datetime) -> str:
    """2026-06-30T21:00:00.000Z"""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class Shelf:
    """Numbered records of the account and the journal of what happened to consent.

    The journal has {address, change, before, after, by}; `by` is api or person.
    """

    def __init__(self, store: RecordStore) -> None:
        self.store = store
        self.lock = threading.RLock()

    def number(self, entity: str) -> int:
        """The next number of a kind of record."""
        last = next(iter(self.store.query(VENDOR, entity, order="-sort", limit=1)), None)
        return last.sort + 1 if last is not None else 1

    def put(self, entity: str, id: str, body: Body, sort: int = 0) -> None:
        now = self.store.now().timestamp()
        self.store.put(Record(VENDOR, entity, id, body, sort, now, now))

    def get(self, entity: str, id: str) -> Body | None:
        found = self.store.get(VENDOR, entity, id)
        return found.body if found else None

    def journal(self, address: str, change: str, before: Any, after: Any, by: str = "api") -> None:
        with self.lock:
            number = self.number("journal")
            entry = {"address": address, "change": change, "before": before, "after": after}
            self.put("journal", f"{number:09d}", {**entry, "by": by}, number)
