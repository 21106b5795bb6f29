"""The lists of the fake pretix: filters, order and page numbers.

Data flow: query parameters -> Listing.ids -> ids of all matching records in the order asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.testing.fakes.index import Index, Row, Rows
from connectors.testing.messages import Request
from connectors.testing.store import RecordStore

VENDOR = "pretix"
MAX_PAGE_SIZE = 50
Check = Callable[[Mapping[str, Any]], bool]


class RefusedError(Exception):
    """The request is answered with this status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


_EVENT_PATHS = ("slug", "date_from", "live", "testmode", "is_public", "has_subevents")
_ORDER_PATHS = (
    *("code", "event", "status", "email", "testmode", "locale", "customer"),
    *("datetime", "last_modified", "cancellation_date"),
)
_CHECKIN_PATHS = (
    "id",
    "event",
    "list",
    "type",
    "successful",
    "error_reason",
    "datetime",
    "created",
)
# Query parameter -> (stored field, comparison).
_EVENT_FILTERS = {name: (name, "bool") for name in _EVENT_PATHS[2:]}
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
# Lists of less weight: paths, filters, orders, default order.
_MORE: Mapping[str, tuple[Sequence[str], Mapping[str, tuple[str, str]], Sequence[str], str]] = {
    "subevent": (
        ("id", "date_from", "last_modified", "active", "is_public"),
        {
            "modified_since": ("last_modified", ">="),
            "active": ("active", "bool"),
            "is_public": ("is_public", "bool"),
        },
        ("id", "date_from", "last_modified"),
        "date_from",
    ),
    "item": (
        ("id", "position", "active"),
        {"active": ("active", "bool")},
        ("id", "position"),
        "position",
    ),
    "voucher": (("id", "tag"), {"tag": ("tag", "text")}, ("id",), "id"),
    "membershiptype": (("id",), {}, (), "id"),
    "membership": (("id", "date_end"), {}, (), "-date_end"),
}


class Listing:
    """One list: which filters and orders it knows."""

    def __init__(
        self,
        store: RecordStore,
        entity: str,
        paths: Sequence[str],
        filters: Mapping[str, tuple[str, str]],
        *,
        ordering: Sequence[str],
        default: str,
    ) -> None:
        self.index = Index(store, VENDOR, entity, paths)
        self._paths = paths
        self._filters = filters
        self._ordering = ordering
        self._default = default

    def ids(self, request: Request, event: str | None, hidden: frozenset[str]) -> list[str]:
        given = {name: value for name, value in request.query if name in self._filters and value}
        checks = [self._check(name, value) for name, value in given.items()]
        asked = (request.param("ordering") or "").split(",")
        order = [name for name in asked if name.lstrip("-") in self._ordering] or [self._default]

        def build(_rows: Rows) -> list[str]:
            groups = self.index.order("events", lambda rows: [self._by_event(rows())])[0]
            slugs = [slug for slug in groups if slug not in hidden and event in (None, slug)]
            chosen = [
                row for slug in slugs for row in groups[slug] if all(check(row) for check in checks)
            ]
            chosen.sort(key=lambda row: row["#sort"], reverse=self._default != "created")
            for name in reversed(order):
                key = name.lstrip("-")
                chosen.sort(key=lambda row: _sortable(row.get(key)), reverse=name.startswith("-"))
            return [row["#id"] for row in chosen]

        return self.index.order((event, tuple(sorted(given.items())), tuple(order)), build)

    def _by_event(self, rows: list[Row]) -> dict[str, list[dict[str, Any]]]:
        """The rows as mappings, by event: the check-ins are asked for event by event."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for id, sort, parent, *values in rows:
            row = {"#id": id, "#sort": sort, "event": parent}
            named = zip(self._paths, values, strict=True)
            row |= {name: value for name, value in named if value is not None}
            groups.setdefault(row["event"] or row.get("slug", ""), []).append(row)
        return groups

    def _check(self, name: str, value: str) -> Check:
        field, kind = self._filters[name]
        if kind == "bool":
            wanted = value.lower() == "true"
            return lambda row: bool(row.get(field)) == wanted
        if kind == "text":
            return lambda row: str(row.get(field, "")).lower() == value.lower()
        # A plus sign in an unescaped query arrives as a space, as on the real server.
        try:
            limit = datetime.fromisoformat(value)
        except ValueError:
            raise RefusedError(400, {name: ["Enter a valid date/time."]}) from None
        bound = limit if limit.tzinfo is not None else limit.replace(tzinfo=UTC)
        if kind == ">=":
            return lambda row: row.get(field) is not None and _moment(row[field]) >= bound
        return lambda row: row.get(field) is not None and _moment(row[field]) < bound


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else "")


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
            _EVENT_PATHS,
            _EVENT_FILTERS,
            ordering=("date_from", "slug"),
            default="slug",
        ),
        "order": Listing(
            store, "order", _ORDER_PATHS, _ORDER_FILTERS, ordering=orders, default="datetime"
        ),
        "checkin": Listing(
            store,
            "checkin",
            _CHECKIN_PATHS,
            _CHECKIN_FILTERS,
            ordering=("created", "datetime", "id"),
            default="created",
        ),
        **{
            entity: Listing(store, entity, paths, filters, ordering=ordering, default=default)
            for entity, (paths, filters, ordering, default) in _MORE.items()
        },
    }
