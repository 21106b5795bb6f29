"""What all parts of the fake ActiveCampaign share: errors, times, records, the journal.

Data flow: request parameters and store records -> JSON in ActiveCampaign's forms.

Facts: errors are {errors: [{title, detail, code}]} with 422, a record that is not there is
{message: "No Result found for ..."} with 404; numbers and ids are text; times have the account's
own offset (developers.activecampaign.com, examples of the reference). Not verified: the codes.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import Any

from connectors.testing.messages import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "activecampaign"
Body = dict[str, Any]
_ZONE = timezone(timedelta(hours=-5))  # the account's own, not UTC
MAX_PAGE = 100


class ActiveCampaignError(Exception):
    """An answer in ActiveCampaign's error form."""

    def __init__(self, status: int, title: str, code: str = "") -> None:
        super().__init__(title)
        self.status, self.code = status, code

    def response(self) -> Response:
        if self.status in (403, 404):
            return Response.of_json({"message": str(self)}, self.status)
        said = {"title": str(self), "detail": "", "code": self.code, "source": {"pointer": "/data"}}
        return Response.of_json({"errors": [said]}, self.status)


def invalid(title: str, code: str = "field_invalid") -> ActiveCampaignError:
    return ActiveCampaignError(422, title, code)


def not_found(kind: str, id: str) -> ActiveCampaignError:
    return ActiveCampaignError(404, f"No Result found for {kind} with id {id}")


def stamp(moment: datetime) -> str:
    """2026-06-30T16:00:00-05:00"""
    return moment.astimezone(_ZONE).isoformat(timespec="seconds")


def limit_of(request: Request) -> int:
    limit = int(request.param("limit", "20") or 0)
    return min(max(1, limit), MAX_PAGE)


class Shelf:
    """Records of the account and the journal {contact, change, before, after, by}."""

    def __init__(self, store: RecordStore) -> None:
        self.store, self.lock = store, threading.RLock()

    def number(self, entity: str) -> int:
        """The next number of a kind of record."""
        last = next(iter(self.store.query(VENDOR, entity, order="-sort", limit=1)), None)
        return last.sort + 1 if last is not None else 1

    def put(self, entity: str, id: str, body: Body, sort: int, parent: str | None = None) -> None:
        now = self.store.now().timestamp()
        self.store.put(Record(VENDOR, entity, id, body, sort, now, now, parent))

    def get(self, entity: str, id: str) -> Body | None:
        found = self.store.get(VENDOR, entity, id)
        return found.body if found else None

    def all(self, entity: str, parent: str | None = None) -> list[Body]:
        return [record.body for record in self.store.query(VENDOR, entity, parent=parent)]

    def journal(self, contact: str, change: str, before: Any, after: Any, by: str) -> None:
        with self.lock:
            number = self.number("journal")
            entry = {"contact": contact, "change": change, "before": before, "after": after}
            self.put("journal", f"{number:09d}", {**entry, "by": by}, number)
