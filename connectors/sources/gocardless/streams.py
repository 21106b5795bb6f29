"""The streams of a GoCardless source.

Data flow: GoCardless API -> StreamSpec (here) -> source.py -> landing -> raw `gocardless.*`.

Facts (GoCardless API reference; gocardless-pro-java, -go on GitHub):
- lists filter on `created_at` only: a payment's later states (confirmed, paid_out, failed,
  cancelled, charged_back, customer_approval_denied) are seen through /events, which
  can be limited to one `resource_type`.
- events are made asynchronously, some time after what they tell, and are listed for 18 months
  (live from October 2026 on; before that without a limit).
- no event type covers a customer's own data: customers are read in full.
- amounts are integers in the currency's smallest unit; times are ISO 8601 UTC; charge, arrival,
  start and end are days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from connectors.protocol import Column, Cursor, StreamSpec, typed

# Events appear a while after what they tell; this much is read again each time.
OVERLAP = timedelta(hours=1)


def _links(*names: str) -> dict[str, Column]:
    return {name: Column("string", path=f"links.{name}") for name in names}


CUSTOMER = StreamSpec(
    name="customer",
    primary_key=("id",),
    columns={
        **typed(
            id="string",
            created_at="timestamp",
            email="email",
            given_name="string",
            family_name="string",
            company_name="string",
            language="string",
            metadata="json",
        ),
        "phone": Column("phone", path="phone_number"),
    },
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Who pays; metadata may name the membership system's contact or member number.",
)

MANDATE = StreamSpec(
    name="mandate",
    primary_key=("id",),
    columns={
        **typed(
            id="string",
            created_at="timestamp",
            status="string",
            scheme="string",
            next_possible_charge_date="date",
            metadata="json",
        ),
        **_links("customer", "new_mandate"),
    },
    cursor=Cursor("event_log"),
    description="A customer's permission to debit, with its state; no bank account.",
)

PAYMENT = StreamSpec(
    name="payment",
    primary_key=("id",),
    columns={
        **typed(
            id="string",
            created_at="timestamp",
            charge_date="date",
            amount="minor",
            amount_refunded="minor",
            currency="string",
            status="string",
            reference="string",
            scheme="string",
            metadata="json",
        ),
        **_links("mandate", "subscription", "instalment_schedule", "payout"),
    },
    cursor=Cursor("event_log"),
    description="Money to be collected, with its present state; amounts in minor units.",
)

REFUND = StreamSpec(
    name="refund",
    primary_key=("id",),
    columns={
        **typed(
            id="string",
            created_at="timestamp",
            amount="minor",
            currency="string",
            status="string",
            metadata="json",
        ),
        **_links("payment", "mandate"),
    },
    cursor=Cursor("event_log"),
    description="Money given back; amounts in minor units, positive.",
)

SUBSCRIPTION = StreamSpec(
    name="subscription",
    primary_key=("id",),
    columns={
        **typed(
            id="string",
            created_at="timestamp",
            amount="minor",
            currency="string",
            status="string",
            name="string",
            start_date="date",
            end_date="date",
            interval="integer",
            interval_unit="string",
            count="integer",
            metadata="json",
        ),
        **_links("mandate"),
    },
    cursor=Cursor("event_log"),
    description="Payments that repeat; the amount of one, in minor units.",
)

PAYOUT = StreamSpec(
    name="payout",
    primary_key=("id",),
    columns=typed(
        id="string",
        created_at="timestamp",
        arrival_date="date",
        amount="minor",
        deducted_fees="minor",
        currency="string",
        status="string",
        payout_type="string",
    ),
    cursor=Cursor("event_log"),
    description="Money sent to the organisation; minor units after fees.",
)

EVENT = StreamSpec(
    name="event",
    primary_key=("id",),
    columns={
        **typed(id="string", created_at="timestamp", resource_type="string", action="string"),
        "cause": Column("string", path="details.cause"),
        "origin": Column("string", path="details.origin"),
        "reason_code": Column("string", path="details.reason_code"),
        "will_attempt_retry": Column("boolean", path="details.will_attempt_retry"),
        **_links("mandate", "payment", "refund", "subscription", "payout", "parent_event"),
    },
    cursor=Cursor("created_only", "created_at", OVERLAP),
    description="What happened to mandates, payments, refunds, subscriptions and payouts.",
)

STREAMS: tuple[StreamSpec, ...] = (
    *(CUSTOMER, MANDATE, PAYMENT, REFUND),
    *(SUBSCRIPTION, PAYOUT, EVENT),
)

# Plural names: the path of a list, the key of its answer, an event's `resource_type`.
PATHS: Mapping[str, str] = {spec.name: f"{spec.name}s" for spec in STREAMS}
