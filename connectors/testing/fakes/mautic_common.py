"""What all parts of the fake Mautic share: errors, filters, pages, records, the journal.

Data flow: request parameters and store records -> JSON in Mautic's forms.

Facts (mautic/mautic, ApiBundle/Controller/FetchCommonApiController.php): errors are {errors:
[{code, message, details, type}]}; lists are {total, <name>: {id: item}}, an empty mapping is
written [] as PHP does; filters are where[n][col|expr|val], the values of `in` separated by commas;
`limit` 30 by default. The database compares letters without case and accents (utf8mb4_unicode_ci).
A total may come from a cache of some seconds, by query (LeadApiController.php).
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.testing.messages import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "mautic"
Body = dict[str, Any]
_WHERE = re.compile(r"where\[(\d+)\]\[(col|expr|val)\]")


class MauticError(Exception):
    """An answer in Mautic's error form."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        said = {"code": self.status, "message": str(self), "details": [], "type": None}
        return Response.of_json({"errors": [said]}, self.status)


def not_found() -> MauticError:
    return MauticError(404, "Item was not found.")


def stamp(moment: datetime) -> str:
    """2026-06-30T21:00:00+00:00"""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def alike(text: str) -> str:
    """Texts the database takes for the same have the same key."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def mapped(items: Sequence[Body]) -> Any:
    """id -> item; an empty PHP array is a list."""
    return {str(item["id"]): item for item in items} or []


class Shelf:
    """Records of the installation and the journal {contact, before, after, by}."""

    def __init__(self, store: RecordStore, count_seconds: float) -> None:
        self.store, self.lock = store, threading.RLock()
        self._count_seconds = count_seconds
        self._counts: dict[tuple[tuple[str, str], ...], tuple[float, int]] = {}

    def now(self) -> str:
        return stamp(self.store.now())

    def number(self, entity: str) -> int:
        """The next id; those of deleted records are not given again."""
        with self.lock:
            last = int(self.store.setting(f"{VENDOR}-{entity}") or 0) + 1
            self.store.set_setting(f"{VENDOR}-{entity}", str(last))
            return last

    def put(self, entity: str, id: str, body: Body, parent: str | None = None) -> None:
        now = self.store.now().timestamp()
        number = int(body.get("id") or 0)
        self.store.put(Record(VENDOR, entity, id, body, number, now, now, parent))

    def get(self, entity: str, id: str) -> Body | None:
        found = self.store.get(VENDOR, entity, id)
        return found.body if found else None

    def all(self, entity: str, parent: str | None = None) -> list[Body]:
        return [record.body for record in self.store.query(VENDOR, entity, parent=parent)]

    def journal(self, contact: str, before: Any, after: Any, by: str) -> None:
        id = self.number("journal")
        self.put(
            "journal",
            str(id),
            {"id": id, "contact": contact, "before": before, "after": after, "by": by},
        )

    def page(self, request: Request, items: Sequence[Body]) -> tuple[int, list[Body]]:
        """(total, items of the page) of those that fit the filters, in the order asked for."""
        tests = [_test(*one) for one in _conditions(request)]
        kept = [item for item in items if all(test(item) for test in tests)]
        if request.param("orderBy") in (None, "", "id"):
            down = (request.param("orderByDir") or "ASC").upper() == "DESC"
            kept.sort(key=lambda item: int(item["id"]), reverse=down)
        start, limit = int(request.param("start") or 0), int(request.param("limit") or 30)
        return self._total(request, len(kept)), kept[start : start + limit]

    def _total(self, request: Request, now: int) -> int:
        """The trap: for some seconds the same question has the same total."""
        key, at = tuple(sorted(request.query)), time.monotonic()
        told = self._counts.get(key)
        if told is not None and at - told[0] < self._count_seconds:
            return told[1]
        self._counts[key] = (at, now)
        return now


def _conditions(request: Request) -> list[tuple[str, str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, value in request.query:
        matched = _WHERE.fullmatch(name)
        if matched is not None:
            found.setdefault(matched[1], {})[matched[2]] = value
    return [(one["col"], one["expr"], one.get("val", "")) for one in found.values()]


def _test(column: str, expression: str, value: str) -> Callable[[Body], bool]:
    if expression in ("gt", "lt"):
        mark, sign = int(value), 1 if expression == "gt" else -1
        return lambda item: sign * (int(item[column]) - mark) > 0
    wanted = {alike(one) for one in (value.split(",") if expression == "in" else [value])}
    if expression in ("eq", "in"):
        return lambda item: alike(str(item.get(column) or "")) in wanted
    raise MauticError(500, "Unknown expression")
