"""The streams of a Tito source.

Data flow: Tito Admin API 3.0 and Check-in API -> StreamSpec (here) -> source.py -> raw `tito.*`.

Facts (teamtito/api-docs, the documentation's own sources):
- events come in three lists: upcoming, past and archived; everything else is listed per event.
- tickets and registrations can be filtered and sorted by `updated_at`; those of some states are
  left out unless they are asked for.
- refunds have neither a filter nor an order, and their amounts are negative text ("-90.0"); prices
  and totals are numbers in major units of the event's currency.
- check-ins are lists of their own API; one taken back keeps its row, with `deleted_at`.
- `test_mode` marks tickets and registrations made while trying the event out.
- a ticket is voided, a registration cancelled, never deleted (the API has no way to).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from connectors.protocol import Column, Cursor, StreamSpec, typed

_UPDATED = Cursor("updated_since", "updated_at", timedelta(minutes=10))


EVENT = StreamSpec(
    name="event",
    primary_key=("id",),
    columns=typed(
        id="integer",
        slug="string",
        title="string",
        currency="string",
        location="string",
        start_date="date",
        end_date="date",
        live="boolean",
        private="boolean",
        archived="boolean",
        test_mode="boolean",
        created_at="timestamp",
        updated_at="timestamp",
    ),
    cursor=Cursor("full"),
    deletes="id_reconcile",
    version="updated_at",
    description="Events, past and archived ones included; dates without times.",
)

REGISTRATION = StreamSpec(
    name="registration",
    primary_key=("id",),
    columns=typed(
        id="integer",
        event_id="integer",
        reference="string",
        name="string",
        email="email",
        phone_number="phone",
        company_name="string",
        locale="string",
        state="string",
        test_mode="boolean",
        free="boolean",
        payment_complete="boolean",
        payment_option_name="string",
        refunded="boolean",
        partially_refunded="boolean",
        cancelled="boolean",
        cancelled_at="timestamp",
        completed_at="timestamp",
        total="money",
        tickets_count="integer",
        created_at="timestamp",
        updated_at="timestamp",
    ),
    cursor=_UPDATED,
    description="Orders: who booked, and what they paid, in the event's currency.",
)

TICKET = StreamSpec(
    name="ticket",
    primary_key=("id",),
    columns=typed(
        id="integer",
        event_id="integer",
        registration_id="integer",
        release_id="integer",
        release_title="string",
        reference="string",
        name="string",
        first_name="string",
        last_name="string",
        email="email",
        phone_number="phone",
        company_name="string",
        state="string",
        void="boolean",
        test_mode="boolean",
        price="money",
        created_at="timestamp",
        updated_at="timestamp",
    ),
    cursor=_UPDATED,
    description="Tickets, one attendee each (state complete, incomplete, unassigned, void).",
)

REFUND = StreamSpec(
    name="refund",
    primary_key=("id",),
    columns={
        **typed(id="integer", event_id="integer", amount="money", created_at="timestamp"),
        "registration_id": Column("integer"),
        "test_mode": Column("boolean"),
    },
    cursor=Cursor("full"),
    description="Money paid back, as negative amounts of the event's currency.",
)

CHECKIN = StreamSpec(
    name="checkin",
    primary_key=("uuid",),
    columns=typed(
        uuid="string",
        event_id="integer",
        checkin_list_id="integer",
        ticket_id="integer",
        created_at="timestamp",
        updated_at="timestamp",
        deleted_at="timestamp",
        deleted="boolean",
    ),
    cursor=_UPDATED,
    deletes="flag",
    deleted_when="deleted",
    description="Scans at the door; one taken back is deleted.",
)

STREAMS: tuple[StreamSpec, ...] = (EVENT, REGISTRATION, TICKET, REFUND, CHECKIN)

# Every state: the lists leave some out by default (`search_states_hidden_by_default`).
STATES: Mapping[str, tuple[str, ...]] = {
    "registration": ("paid", "unpaid", "complete", "confirmed", "incomplete", "cancelled"),
    "ticket": ("complete", "incomplete", "unassigned", "void", "archived"),
}
