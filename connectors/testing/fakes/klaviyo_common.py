"""What all parts of the fake Klaviyo share: JSON:API errors, cursor pages, filters, the journal.

Data flow: request parameters and store records -> JSON:API documents.

Facts: errors are {errors: [{id, status, code, title, detail, source, meta}]} (klaviyo-api-node
issue 75); lists page by page[cursor] and links.next; filters are written operator(field,value);
page sizes and filters per endpoint as in klaviyo/openapi (stable). Not verified: the words of
errors.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from connectors.testing.messages import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "klaviyo"
JSON_API = "application/vnd.api+json"
Body = dict[str, Any]
_FILTER = re.compile(r"([a-z-]+)\(([A-Za-z_.]+),(.*)\)")


class KlaviyoError(Exception):
    """An answer in Klaviyo's error form."""

    def __init__(self, status: int, code: str, detail: str, **meta: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.meta = status, code, meta

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        said = {"id": "c0ffee", "status": self.status, "code": self.code, "title": "Error"}
        more = {"detail": str(self), "source": {"pointer": "/data"}, "meta": self.meta}
        body = {"errors": [{**said, **more, "links": {}}]}
        return Response.of_json(body, self.status, headers, JSON_API)


def invalid(detail: str) -> KlaviyoError:
    return KlaviyoError(400, "invalid", detail)


def not_found(kind: str, id: str) -> KlaviyoError:
    return KlaviyoError(404, "not_found", f"A {kind} with id {id} does not exist.")


def stamp(moment: datetime) -> str:
    """2026-06-30T21:00:00+00:00"""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


class Shelf:
    """Records of the account and the journal {profile, change, before, after, by}."""

    def __init__(self, store: RecordStore) -> None:
        self.store, self.lock = store, threading.RLock()

    def number(self, entity: str) -> int:
        """The next number of a kind of record."""
        last = next(iter(self.store.query(VENDOR, entity, order="-sort", limit=1)), None)
        return last.sort + 1 if last is not None else 1

    def put(
        self, entity: str, id: str, body: Body, sort: int = 0, parent: str | None = None
    ) -> None:
        now = self.store.now().timestamp()
        self.store.put(Record(VENDOR, entity, id, body, sort, now, now, parent))

    def get(self, entity: str, id: str) -> Body | None:
        found = self.store.get(VENDOR, entity, id)
        return found.body if found else None

    def journal(self, profile: str, change: str, before: Any, after: Any, by: str) -> None:
        with self.lock:
            number = self.number("journal")
            entry = {"profile": profile, "change": change, "before": before, "after": after}
            self.put("journal", f"{number:09d}", {**entry, "by": by}, number)


def page_of(
    request: Request, records: Sequence[Record], shown: Callable[[Body], Body], most: int
) -> Body:
    """The page of records (in the order of their numbers) that a request asks for."""
    size = int(request.param("page[size]", str(min(20, most))) or 0)
    if not 1 <= size <= most:
        raise invalid(f"Page size must be an integer between 1 and {most}.")
    cursor = request.param("page[cursor]")
    after = int(base64.urlsafe_b64decode(cursor.encode()).decode()) if cursor else 0
    left = [record for record in records if record.sort > after]
    links = {"self": _link(request, cursor)}
    if len(left) > size:
        following = base64.urlsafe_b64encode(str(left[size - 1].sort).encode()).decode()
        links["next"] = _link(request, following)
    return {"data": [shown(record.body) for record in left[:size]], "links": links}


def _link(request: Request, cursor: str | None) -> str:
    query = [(name, value) for name, value in request.query if name != "page[cursor]"]
    more = [("page[cursor]", cursor)] if cursor else []
    return f"https://a.klaviyo.com{request.path}?{urlencode([*query, *more])}"


def filter_of(request: Request, allowed: Mapping[str, Sequence[str]]) -> tuple[str, str, Any]:
    """(operator, field, value) of a request's filter; ("", "", None) without one."""
    text = request.param("filter")
    if not text:
        return "", "", None
    found = _FILTER.fullmatch(text)
    if found is None or found[1] not in allowed.get(found[2], ()):
        raise invalid("Invalid filter")
    value = found[3]
    if found[1] in ("equals", "any"):
        try:
            return found[1], found[2], json.loads(value)
        except ValueError:
            raise invalid("Invalid filter value") from None
    return found[1], found[2], datetime.fromisoformat(value)
