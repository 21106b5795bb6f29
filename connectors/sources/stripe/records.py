"""What of a Stripe object is landed.

Data flow: object of a list or an event -> trimmed() -> row.

Stripe lets nobody choose fields; addresses, payment details, evidence, what people wrote when they
cancelled and links that open an invoice without a password are left out here, so that they reach
neither landing nor raw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]

_LEFT_OUT: Mapping[str, frozenset[str]] = {
    "customer": frozenset(
        ("address", "shipping", "default_source", "sources", "tax_ids", "invoice_settings")
    ),
    "subscription": frozenset(
        (
            *("default_payment_method", "default_source", "payment_settings", "description"),
            *("cancellation_details", "pending_setup_intent", "pending_update", "transfer_data"),
        )
    ),
    "invoice": frozenset(
        (
            *("customer_address", "customer_email", "customer_name", "customer_phone"),
            *("customer_shipping", "customer_tax_ids", "hosted_invoice_url", "invoice_pdf"),
            *("default_payment_method", "default_source", "payment_settings", "custom_fields"),
        )
    ),
    "charge": frozenset(
        (
            *("billing_details", "payment_method", "payment_method_details", "source"),
            *("receipt_email", "receipt_url", "shipping", "fraud_details", "outcome"),
        )
    ),
    "refund": frozenset(("destination_details", "next_action", "instructions_email")),
    "dispute": frozenset(("evidence", "payment_method_details")),
}


def trimmed(stream: str, row: Row) -> Row:
    """The row without what the warehouse has no business to know."""
    hidden = _LEFT_OUT[stream]
    return {key: value for key, value in row.items() if key not in hidden}
