"""The streams of an Eventbrite source.

Data flow: Eventbrite API v3 -> StreamSpec (here) -> source.py -> landing -> raw `eventbrite.*`.

Facts (OpenAPI description of ballerina-platform/openapi-connectors, Apache-2.0, and Eventbrite's
own documentation):
- orders and attendees of an organization take `changed_since`, inclusive ("on or after"), and carry
  `changed`; its events take no such filter.
- money is {value: integer in the currency's minor unit, major_value, currency, display}.
- times are ISO 8601 in UTC; start and end of an event are {utc, local, timezone}.
- attendees say `checked_in`, `cancelled` and `refunded`; a ticket's scan shows in its barcode
  (`status` used, `changed`).
Not verified: that a refund or a scan always moves `changed`, that a barcode's `changed` is the time
of its scan, whether costs keep their amounts after a refund, and the complete list of statuses.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Column, Cursor, StreamSpec

LOOKBACK = timedelta(minutes=10)

EVENT = StreamSpec(
    name="event",
    primary_key=("id",),
    columns={
        "id": Column("string"),
        "name": Column("string", "name.text"),
        "status": Column("string"),
        "currency": Column("string"),
        "online_event": Column("boolean"),
        "is_series": Column("boolean"),
        "series_id": Column("string"),
        "is_free": Column("boolean"),
        "listed": Column("boolean"),
        "capacity": Column("integer"),
        "organization_id": Column("string"),
        "venue_id": Column("string"),
        "format_id": Column("string"),
        "category_id": Column("string"),
        "timezone": Column("string", "start.timezone"),
        "starts_at": Column("timestamp", "start.utc"),
        "ends_at": Column("timestamp", "end.utc"),
        "published": Column("timestamp"),
        "created": Column("timestamp"),
        "changed": Column("timestamp"),
    },
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Events (status draft, live, started, ended, completed, canceled).",
)

ORDER = StreamSpec(
    name="order",
    primary_key=("id",),
    columns={
        "id": Column("string"),
        "event_id": Column("string"),
        "status": Column("string"),
        "name": Column("string"),
        "first_name": Column("string"),
        "last_name": Column("string"),
        "email": Column("email"),
        "currency": Column("string", "costs.gross.currency"),
        "gross": Column("minor", "costs.gross.value"),
        "base_price": Column("minor", "costs.base_price.value"),
        "eventbrite_fee": Column("minor", "costs.eventbrite_fee.value"),
        "payment_fee": Column("minor", "costs.payment_fee.value"),
        "tax": Column("minor", "costs.tax.value"),
        "created": Column("timestamp"),
        "changed": Column("timestamp"),
    },
    cursor=Cursor("updated_since", "changed", LOOKBACK),
    # A deleted order stays in the list, with status `deleted`.
    deletes="none",
    description="Orders; `gross` is what the buyer was charged, in minor units.",
)

ATTENDEE = StreamSpec(
    name="attendee",
    primary_key=("id",),
    columns={
        "id": Column("string"),
        "event_id": Column("string"),
        "order_id": Column("string"),
        "ticket_class_id": Column("string"),
        "ticket_class_name": Column("string"),
        "status": Column("string"),
        "name": Column("string", "profile.name"),
        "first_name": Column("string", "profile.first_name"),
        "last_name": Column("string", "profile.last_name"),
        "email": Column("email", "profile.email"),
        "phone": Column("phone", "profile.cell_phone"),
        "currency": Column("string", "costs.gross.currency"),
        "gross": Column("minor", "costs.gross.value"),
        "quantity": Column("integer"),
        "checked_in": Column("boolean"),
        "cancelled": Column("boolean"),
        "refunded": Column("boolean"),
        "barcodes": Column("json"),
        "created": Column("timestamp"),
        "changed": Column("timestamp"),
    },
    cursor=Cursor("updated_since", "changed", LOOKBACK),
    deletes="none",
    description="Tickets with their attendees; `gross` is the ticket's price with fees.",
)

STREAMS: tuple[StreamSpec, ...] = (EVENT, ORDER, ATTENDEE)
