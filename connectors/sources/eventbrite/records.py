"""What of an Eventbrite record is landed.

Data flow: record of the API -> trimmed() -> row of event, order or attendee.

Only what is named here reaches landing. Left out: descriptions, passwords and links of events;
answers to questions, addresses, birth dates, notes and barcodes (they open a door) of people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Row = dict[str, Any]

_EVENT = (
    *("id", "name", "start", "end", "created", "changed", "published", "status", "currency"),
    *("online_event", "is_series", "series_id", "is_free", "listed", "capacity"),
    *("organization_id", "venue_id", "format_id", "category_id"),
)
_ORDER = (
    *("id", "created", "changed", "event_id", "status"),
    *("name", "first_name", "last_name", "email", "costs"),
)
_ATTENDEE = (
    *("id", "created", "changed", "event_id", "order_id", "ticket_class_id", "ticket_class_name"),
    *("status", "checked_in", "cancelled", "refunded", "quantity", "profile", "costs", "barcodes"),
)
_COSTS = ("gross", "base_price", "eventbrite_fee", "payment_fee", "tax")
_MONEY = ("value", "currency")
_PROFILE = ("name", "first_name", "last_name", "email", "cell_phone")
_SCAN = ("status", "changed")


def event(record: Row) -> Row:
    row = _kept(record, _EVENT)
    if isinstance(row.get("name"), dict):
        row["name"] = _kept(row["name"], ("text",))
    return row


def order(record: Row) -> Row:
    return _with_costs(_kept(record, _ORDER))


def attendee(record: Row) -> Row:
    """The attendee with its scans (`barcodes`) as status and time, without the codes."""
    row = _with_costs(_kept(record, _ATTENDEE))
    row["profile"] = _kept(row.get("profile") or {}, _PROFILE)
    row["barcodes"] = [_kept(scan, _SCAN) for scan in row.get("barcodes") or ()]
    return row


TRIMMED: Mapping[str, Callable[[Row], Row]] = {"event": event, "order": order, "attendee": attendee}


def _with_costs(row: Row) -> Row:
    costs = _kept(row.get("costs") or {}, _COSTS)
    row["costs"] = {name: _kept(money or {}, _MONEY) for name, money in costs.items()}
    return row


def _kept(record: Row, names: tuple[str, ...]) -> Row:
    return {name: record[name] for name in names if name in record}
