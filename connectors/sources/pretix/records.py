"""What of pretix's records is landed, and under which streams.

Data flow: order of the API -> with_children() -> rows of order, position, payment and refund;
other records -> kept() -> rows with only what is named here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sources.pretix.streams import ITEM, MEMBERSHIP, SUBEVENT, VOUCHER
from connectors.sources.pretix.streams import MEMBERSHIP_TYPE as TYPE

Row = dict[str, Any]

# Keys that open a door, hold payment details, addresses or free text; they never reach landing.
ORDER_LEFT_OUT = (
    *("secret", "url", "downloads", "comment", "custom_followup_at", "checkin_text"),
    *("invoice_address", "fees", "plugin_data", "api_meta"),
)
_ADDRESS = ("street", "zipcode", "city", "country", "state")
_TICKET = ("secret", "pseudonymization_id", "downloads", "pdf_data", "print_logs", "checkins")
_CHILDREN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "order_position": ("positions", (*_TICKET, *_ADDRESS, "plugin_data")),
    "order_payment": ("payments", ("payment_url", "details")),
    "order_refund": ("refunds", ("details", "comment")),
}

# Of these only what is declared is landed: they come with texts, prices, names and codes.
_KEPT: Mapping[str, frozenset[str]] = {
    spec.name: frozenset(spec.columns) for spec in (SUBEVENT, ITEM, VOUCHER, MEMBERSHIP, TYPE)
}


def kept(stream: str, rows: Sequence[Row]) -> list[Row]:
    """The rows with their declared keys only; of a product's variations id and name."""
    names = _KEPT[stream]
    found = [{key: value for key, value in row.items() if key in names} for row in rows]
    for row in found if stream == "item" else ():
        variations = row.get("variations") or ()
        row["variations"] = [{"id": one["id"], "value": one.get("value")} for one in variations]
    return found


def with_children(orders: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows per stream: orders without their lists, children with the order's code and event."""
    rows: dict[str, list[Row]] = {"order": [], **{name: [] for name in _CHILDREN}}
    lists = {key for key, _ in _CHILDREN.values()}
    hidden = {*ORDER_LEFT_OUT, *lists}
    for order in orders:
        rows["order"].append({key: value for key, value in order.items() if key not in hidden})
        own = {"order": order["code"], "event": order.get("event")}
        for name, (key, secrets) in _CHILDREN.items():
            for child in order.get(key) or ():
                kept = {k: v for k, v in child.items() if k not in secrets}
                rows[name].append({**kept, **own})
    return rows
