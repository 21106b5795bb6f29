"""What of a Mailchimp record is landed.

Data flow: member, recipient or activity of the API -> cleaned() / actions() -> rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]

# Not needed by the warehouse, and more about a person than it should know.
_LEFT_OUT = ("ip_signup", "ip_opt", "location", "email_client", "_links", "last_note", "stats")


def actions(rows: Sequence[Row]) -> list[Row]:
    """One row per action: Mailchimp lists them inside each address."""
    return [
        cleaned(
            {
                "campaign_id": row["campaign_id"],
                "email_id": row.get("email_id"),
                "email_address": row.get("email_address"),
                **{k: v for k, v in action.items() if k != "ip"},
            }
        )
        for row in rows
        for action in row.get("activity") or ()
    ]


def cleaned(row: Row) -> Row:
    """The row without what is not wanted. (Unset times, sent as "", become null when loaded.)"""
    return {key: value for key, value in row.items() if key not in _LEFT_OUT}


def cleaned_child(row: Row) -> Row:
    """A recipient's row; the merge fields are the member's, and are read with the member."""
    return {key: value for key, value in cleaned(row).items() if key != "merge_fields"}
