"""What all parts of the fake Mailchimp share: problem documents, paging, field selection, journal.

Data flow: request parameters and store records -> JSON in Mailchimp's forms.

Facts: errors are application/problem+json with type, title, status, detail, instance and, for bad
fields, errors[{field, message}] (answers recorded in public issues: ibericode's
mailchimp-for-wordpress 798 and 673, hitobito 1819). `count` is 10 by default and never gives more
than 1000 (as seen in thorning/node-mailchimp 61); `fields` and `exclude_fields` name dotted paths.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.testing.messages import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "mailchimp"
MAX_COUNT = 1_000
MAX_BATCH = 500
_TYPE = "https://mailchimp.com/developer/marketing/docs/errors/"


class ProblemError(Exception):
    """An answer in problem+json form."""

    def __init__(
        self, status: int, title: str, detail: str, errors: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors

    def response(self) -> Response:
        body: dict[str, Any] = {
            "type": _TYPE,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": "00000000-0000-0000-0000-000000000000",
        }
        if self.errors is not None:
            body["errors"] = [
                {"field": field, "message": message} for field, message in self.errors.items()
            ]
        return Response.of_json(
            body, self.status, content_type="application/problem+json; charset=utf-8"
        )


def not_found() -> ProblemError:
    return ProblemError(404, "Resource Not Found", "The requested resource could not be found.")


def invalid(detail: str, errors: Mapping[str, str] | None = None) -> ProblemError:
    return ProblemError(400, "Invalid Resource", detail, errors)


def bad_field(field: str, message: str) -> ProblemError:
    detail = (
        "The resource submitted could not be validated. "
        "For field-specific details, see the 'errors' array."
    )
    return invalid(detail, {field: message})


def member_hash(email: str) -> str:
    """Mailchimp's subscriber hash: MD5 of the lower-case address (an identifier, not a secret)."""
    lowered = email.lower().encode("utf-8", "surrogatepass")
    return hashlib.md5(lowered, usedforsecurity=False).hexdigest()


def page_of(request: Request) -> tuple[int, int]:
    """(count, offset) of a list request."""
    values = {}
    for name, default in (("count", 10), ("offset", 0)):
        text = request.param(name)
        try:
            values[name] = int(text) if text is not None else default
        except ValueError:
            raise bad_field(name, "Schema describes integer, string found instead") from None
        if values[name] < 0:
            raise bad_field(name, "This value should be greater than or equal to 0.")
    return min(values["count"], MAX_COUNT), values["offset"]


def moment_of(request: Request, name: str) -> datetime | None:
    """A time parameter (ISO 8601); without an offset it is UTC."""
    text = request.param(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_field(name, "This value is not a valid datetime.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def parse(text: str | None) -> datetime | None:
    """A stored time; empty or missing is None."""
    return datetime.fromisoformat(text) if text else None


def shaped(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Apply `fields` or `exclude_fields`."""
    wanted = request.param("fields")
    unwanted = request.param("exclude_fields")
    if wanted:
        chosen = _keep(body, [path.strip().split(".") for path in wanted.split(",")])
        return chosen if isinstance(chosen, dict) else body
    if unwanted:
        for path in unwanted.split(","):
            _drop(body, path.strip().split("."))
    return body


def _keep(value: Any, paths: list[list[str]]) -> Any:
    if any(not path for path in paths):
        return value
    if isinstance(value, list):
        return [_keep(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key in value:
        deeper = [path[1:] for path in paths if path[0] == key]
        if deeper:
            result[key] = _keep(value[key], deeper)
    return result


def _drop(value: Any, path: list[str]) -> None:
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict) or path[0] not in item:
            continue
        if len(path) == 1:
            del item[path[0]]
        else:
            _drop(item[path[0]], path[1:])


class Journal:
    """Every change an API call made to a member, in the store as ("mailchimp", "journal").

    Body: at, actor (api|person), method, path, hash, change, before, after. `change` is one of
    created, status, refused, archived, deleted, profile, email, tag_added, tag_removed.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._lock = threading.Lock()

    def add(
        self,
        request: Request | None,
        hash: str,
        change: str,
        before: Any = None,
        after: Any = None,
    ) -> None:
        self.add_many(request, [(hash, change, before, after)])

    def add_many(self, request: Request | None, changes: list[tuple[str, str, Any, Any]]) -> None:
        """`request` None: the person did it (a link in a mail), not a caller of the API."""
        now = self._store.now()
        with self._lock:
            last = next(iter(self._store.query(VENDOR, "journal", order="-sort", limit=1)), None)
            number = last.sort if last is not None else 0
            records = []
            for hash, change, before, after in changes:
                number += 1
                body = {
                    "at": now.isoformat(),
                    "actor": "person" if request is None else "api",
                    "method": request.method if request is not None else None,
                    "path": request.path if request is not None else None,
                    "hash": hash,
                    "change": change,
                    "before": before,
                    "after": after,
                }
                stamp = now.timestamp()
                records.append(
                    Record(VENDOR, "journal", str(number), body, number, stamp, stamp, hash)
                )
            self._store.put_many(records)
