"""What all parts of the fake SendGrid share: errors, times, records, jobs that are done later.

Data flow: request parameters and store records -> JSON in SendGrid's forms.

Facts (twilio/sendgrid-oai, spec/yaml): errors are {errors: [{message, field, error_id}]}; upserts,
removals from a list and deletions answer 202 with a job_id and are done later; jobs are pending,
completed, errored or failed. Not verified: how much later; the fake counts requests.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connectors.testing.messages import Response
from connectors.testing.store import Record, RecordStore

VENDOR = "sendgrid"
Body = dict[str, Any]
Work = Callable[[], Body]  # the results, with errored_count where rows were refused


class SendgridError(Exception):
    """An answer in SendGrid's error form."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.field = status, field

    def response(self) -> Response:
        said = {"message": str(self), "field": self.field, "error_id": ""}
        return Response.of_json({"errors": [said]}, self.status)


def stamp(moment: datetime) -> str:
    """2026-06-30T21:00:00Z"""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Shelf:
    """Records of the account, and work that waits for `delay` more requests."""

    def __init__(self, store: RecordStore, delay: int) -> None:
        self.store, self.lock, self._delay = store, threading.RLock(), delay
        self._jobs: dict[str, Body] = {}
        self._waiting: list[tuple[str, int, Work]] = []

    def put(self, entity: str, id: str, body: Body, sort: int = 0) -> None:
        now = self.store.now().timestamp()
        self.store.put(Record(VENDOR, entity, id, body, sort, now, now))

    def get(self, entity: str, id: str) -> Body | None:
        found = self.store.get(VENDOR, entity, id)
        return found.body if found else None

    def all(self, entity: str) -> list[Body]:
        return [record.body for record in self.store.query(VENDOR, entity)]

    def later(self, work: Work) -> Body:
        """Queue a job; the answer that names it."""
        with self.lock:
            id = str(uuid.uuid4())
            self._jobs[id] = {"id": id, "status": "pending", "results": {}}
            self._waiting.append((id, self._delay, work))
            return {"job_id": id}

    def tick(self) -> None:
        """One request went by."""
        with self.lock:
            ready = [(id, work) for id, left, work in self._waiting if left <= 0]
            self._waiting = [(id, left - 1, work) for id, left, work in self._waiting if left > 0]
            for id, work in ready:
                results = work()
                refused, all_ = results.get("errored_count", 0), results.get("requested_count")
                word = "failed" if refused == all_ else "errored" if refused else "completed"
                self._jobs[id] |= {"status": word, "results": results}

    def job(self, id: str) -> Body:
        with self.lock:
            if id not in self._jobs:
                raise SendgridError(404, "job not found")
            return dict(self._jobs[id])
