"""The lists of the fake pretix: filters, order and page numbers.

Data flow: query parameters -> Listing.asked -> clauses and order -> SqlList -> records of a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.testing.fakes.sql_list import Clause, SqlList, field, moment
from connectors.testing.messages import Request
from connectors.testing.store import Record, RecordStore, microseconds

VENDOR = "pretix"
MAX_PAGE_SIZE = 50


class RefusedError(Exception):
    """The request is answered with this status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


_EVENT = f"coalesce({field('event')}, parent, id)"
_MOMENTS = {"date_from", "datetime", "last_modified", "cancellation_date", "created"}
# Query parameter -> (stored field, comparison).
_EVENT_FILTERS = {
    name: (name, "bool") for name in ("live", "testmode", "is_public", "has_subevents")
}
_ORDER_FILTERS = {
    **{name: (name, "text") for name in ("code", "status", "email", "locale", "customer")},
    "testmode": ("testmode", "bool"),
    "modified_since": ("last_modified", ">="),
    "created_since": ("datetime", ">="),
    "created_before": ("datetime", "<"),
}
_CHECKIN_FILTERS = {
    **{name: (name, "text") for name in ("list", "type", "error_reason")},
    "successful": ("successful", "bool"),
    "created_since": ("created", ">="),
    "created_before": ("created", "<"),
    "datetime_since": ("datetime", ">="),
    "datetime_before": ("datetime", "<"),
}
# Lists of less weight: filters, orders, default order.
_MORE: Mapping[str, tuple[Mapping[str, tuple[str, str]], Sequence[str], str]] = {
    "subevent": (
        {
            "modified_since": ("last_modified", ">="),
            "active": ("active", "bool"),
            "is_public": ("is_public", "bool"),
        },
        ("id", "date_from", "last_modified"),
        "date_from",
    ),
    "item": (
        {"active": ("active", "bool")},
        ("id", "position"),
        "position",
    ),
    "voucher": ({"tag": ("tag", "text")}, ("id",), "id"),
    "membershiptype": ({}, (), "id"),
    "membership": ({}, (), "-date_end"),
}


class Listing:
    """One list: which filters and orders it knows, and the indexes that its large reads use."""

    def __init__(
        self,
        store: RecordStore,
        entity: str,
        filters: Mapping[str, tuple[str, str]],
        *,
        ordering: Sequence[str],
        default: str,
        indexes: Sequence[Sequence[str]] = (),
    ) -> None:
        self.list = SqlList(store, VENDOR, entity, indexes)
        self._filters = filters
        self._ordering = ordering
        self._default = default

    def asked(self, request: Request, event: str | None, hidden: frozenset[str]) -> Asked:
        """The records a request asks for."""
        given = {name: value for name, value in request.query if name in self._filters and value}
        clauses = [Clause(f"{_EVENT} = ?", (event,))] if event is not None else []
        if hidden:
            marks = ",".join("?" * len(hidden))
            clauses.append(Clause(f"{_EVENT} not in ({marks})", tuple(sorted(hidden))))
        bound, since = "", None
        for name, value in given.items():
            clause = self._clause(name, value)
            if self._filters[name][1] == ">=" and since is None:
                bound, since = clause.sql, clause.values[0]
            else:
                clauses.append(clause)
        asked = (request.param("ordering") or "").split(",")
        names = [name for name in asked if name.lstrip("-") in self._ordering] or [self._default]
        natural = "sort" if self._default == "created" else "sort desc"
        order = ", ".join([*map(_ordered, names), natural])
        return Asked(self.list, tuple(clauses), bound, since, order)

    def _clause(self, name: str, value: str) -> Clause:
        stored, kind = self._filters[name]
        if kind == "bool":
            return Clause(f"coalesce({field(stored)}, 0) = ?", (int(value.lower() == "true"),))
        if kind == "text":
            text = f"lower(cast(coalesce({field(stored)}, '') as text))"
            return Clause(f"{text} = ?", (value.lower(),))
        # A plus sign in an unescaped query arrives as a space, as on the real server.
        limit = microseconds(value)
        if limit is None:
            raise RefusedError(400, {name: ["Enter a valid date/time."]})
        return Clause(f"{moment(stored)} {kind} ?", (limit,))


@dataclass(frozen=True)
class Asked:
    """What a request asks for: `clauses`, a lower `bound` with its value, and an order."""

    list: SqlList
    clauses: tuple[Clause, ...]
    bound: str
    since: int | None
    order: str

    def count(self) -> int:
        return self.list.count_from(self.clauses, self.order, self.bound, self.since)

    def page(self, size: int, offset: int) -> Sequence[Record]:
        limit = () if self.since is None else (Clause(self.bound, (self.since,)),)
        return self.list.page([*self.clauses, *limit], self.order, size, offset)


def _ordered(name: str) -> str:
    plain = name.lstrip("-")
    expression = moment(plain) if plain in _MOMENTS else field(plain)
    return expression + (" desc" if name.startswith("-") else "")


def number(text: str | None, default: int, *, strict: bool = False) -> Any:
    """A positive number; a bad page size falls back to the default, a bad page is an error."""
    try:
        number = int(text) if text else default
    except ValueError:
        number = 0
    if number < 1:
        return None if strict else default
    return number if strict else min(number, MAX_PAGE_SIZE)


def listings(store: RecordStore) -> dict[str, Listing]:
    """The lists, with the orders their views allow."""
    orders = ("datetime", "code", "status", "last_modified", "cancellation_date")
    return {
        "event": Listing(
            store,
            "event",
            _EVENT_FILTERS,
            ordering=("date_from", "slug"),
            default="slug",
        ),
        "order": Listing(
            store,
            "order",
            _ORDER_FILTERS,
            ordering=orders,
            default="datetime",
            indexes=[
                (moment("last_modified"), "sort desc"),
                (_EVENT, moment("datetime"), "sort desc"),
            ],
        ),
        "checkin": Listing(
            store,
            "checkin",
            _CHECKIN_FILTERS,
            ordering=("created", "datetime", "id"),
            default="created",
            indexes=[(_EVENT, moment("created"), "sort")],
        ),
        **{
            entity: Listing(store, entity, filters, ordering=ordering, default=default)
            for entity, (filters, ordering, default) in _MORE.items()
        },
    }
