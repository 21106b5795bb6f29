"""What all parts of the fake Brevo share: error documents, paging, times, the journal.

Data flow: request parameters and store records -> JSON in Brevo's forms.

Facts: errors are {code, message}; `document_not_found` with 404, `invalid_parameter` and
`duplicate_parameter` with 400 (developers.brevo.com/reference; messages as recorded in issues of
sendinblue/APIv3-php-library 47, 98, 134 and PipedreamHQ/pipedream 15034). `limit` is 50 by default
and at most 1000 for contacts, 500 for the contacts of a list (developers.brevo.com/reference,
get-contacts and get-contacts-from-list); newest first unless `sort=asc`.
Not verified: that a `limit` above the maximum is refused and not cut; that lists and folders allow
50 a page.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from connectors.testing.messages import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "brevo"
Body = dict[str, Any]
T = TypeVar("T")


class BrevoError(Exception):
    """An answer in Brevo's error form."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.more = status, code, more

    def response(self) -> Response:
        return Response.of_json({"code": self.code, "message": str(self), **self.more}, self.status)


def invalid(message: str) -> BrevoError:
    return BrevoError(400, "invalid_parameter", message)


def not_found(message: str) -> BrevoError:
    return BrevoError(404, "document_not_found", message)


def page_of(request: Request, items: Sequence[T], *, default: int, most: int) -> list[T]:
    """The page of `items` (oldest first) that a request asks for."""
    limit, offset = _whole(request, "limit", default), _whole(request, "offset", 0)
    if limit > most:
        raise BrevoError(400, "out_of_range", f"Limit exceeds max value {most}")
    ordered = list(items) if request.param("sort") == "asc" else list(reversed(items))
    return ordered[offset : offset + limit]


def _whole(request: Request, name: str, default: int) -> int:
    text = request.param(name)
    try:
        value = int(text) if text is not None else default
    except ValueError:
        raise invalid(f"{name} is invalid") from None
    if value < 0:
        raise invalid(f"{name} is invalid")
    return value


def moment_of(request: Request, name: str) -> datetime | None:
    """A time parameter; one without a time zone is refused."""
    text = request.param(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name} is not a valid date-time") from None
    if moment.tzinfo is None:
        raise invalid(f"{name} is not a valid date-time")
    return moment


def stamp(moment: datetime) -> str:
    """2026-06-30T21:00:00.000Z"""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class Journal:
    """Every change of a contact, as {contact, change, before, after, by}; `by` is api or person."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._count = store.count(VENDOR, "journal")

    def add(self, contact: int, change: str, before: Any, after: Any, *, by: str = "api") -> None:
        with self._lock:
            self._count += 1
            entry = {"contact": contact, "change": change, "before": before, "after": after}
            now = self._store.now().timestamp()
            self._store.put(
                Record(
                    VENDOR,
                    "journal",
                    f"{self._count:09d}",
                    {**entry, "by": by},
                    self._count,
                    now,
                    now,
                )
            )
