"""What of a GoCardless object is landed: the fields named here, and nothing else.

Data flow: object of a list or of an event -> kept() -> row.

GoCardless lets nobody choose fields. Addresses, national identity numbers and links to bank
accounts are not in these lists, so they reach neither landing nor raw, nor does what GoCardless may
add later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "customer": (
        *("id", "created_at", "email", "given_name", "family_name", "company_name"),
        *("phone_number", "language", "metadata"),
    ),
    "mandate": (
        *("id", "created_at", "status", "scheme", "next_possible_charge_date"),
        *("metadata", "links"),
    ),
    "payment": (
        *("id", "created_at", "charge_date", "amount", "amount_refunded", "currency", "status"),
        *("reference", "scheme", "metadata", "links"),
    ),
    "refund": ("id", "created_at", "amount", "currency", "status", "metadata", "links"),
    "subscription": (
        *("id", "created_at", "amount", "currency", "status", "name", "start_date", "end_date"),
        *("interval", "interval_unit", "count", "metadata", "links"),
    ),
    "payout": (
        *("id", "created_at", "arrival_date", "amount", "deducted_fees", "currency", "status"),
        *("payout_type", "links"),
    ),
    "event": ("id", "created_at", "resource_type", "action", "details", "links"),
}
_LINKS = (
    *("customer", "mandate", "new_mandate", "payment", "refund", "subscription", "payout"),
    *("instalment_schedule", "parent_event"),
)
# Not the description, which is a sentence, and not the bank account.
_DETAILS = ("origin", "cause", "scheme", "reason_code", "will_attempt_retry", "not_retried_reason")


def kept(stream: str, row: Row) -> Row:
    """The row with its declared fields only; `links` and `details` are narrowed in the same way."""
    found = _narrowed(row, _FIELDS[stream])
    for name, wanted in (("links", _LINKS), ("details", _DETAILS)):
        if isinstance(found.get(name), dict):
            found[name] = _narrowed(found[name], wanted)
    return found


def _narrowed(row: Mapping[str, Any], fields: tuple[str, ...]) -> Row:
    return {name: row[name] for name in fields if name in row}
