"""The streams of a Stripe source.

Data flow: Stripe API -> StreamSpec (here) -> source.py -> landing -> raw `stripe.*`.

Facts (Stripe API reference and the published specification, version 2023-08-16):
- lists filter on `created` only; changes come from /v1/events, kept for 30 days; every event holds
  a snapshot of its object (docs.stripe.com/api/events).
- refunds have no complete event coverage: they are read by `created` with a re-read window.
- a cancelled subscription is told as customer.subscription.deleted and stays in the list that is
  asked for with status=all: for subscriptions that event is a change, not a deletion.
- amounts are integers in the currency's smallest unit. Zero-decimal currencies (JPY) have no
  smaller unit and three-decimal ones (KWD, BHD) have thousandths: nothing is ever divided here, the
  number stays as sent next to its `currency` (docs.stripe.com/currencies).
- times are unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from connectors.protocol import Cursor, StreamSpec, typed

REFUND_WINDOW = timedelta(days=30)


CUSTOMER = StreamSpec(
    name="customer",
    primary_key=("id",),
    columns=typed(
        id="string",
        name="string",
        email="email",
        phone="phone",
        created="unix",
        metadata="json",
        deleted="boolean",
    ),
    cursor=Cursor("event_log"),
    # The event log reports deletions; comparing ids now and then finds those of a gap over 30 days.
    deletes="id_reconcile",
    description="Who pays; metadata may name the membership system's contact or member number.",
)

INVOICE = StreamSpec(
    name="invoice",
    primary_key=("id",),
    columns=typed(
        id="string",
        customer="string",
        subscription="string",
        number="string",
        status="string",
        currency="string",
        total="minor",
        amount_paid="minor",
        amount_remaining="minor",
        created="unix",
        due_date="unix",
        status_transitions="json",
        metadata="json",
        billing_reason="string",
        lines="json",
    ),
    cursor=Cursor("event_log"),
    deletes="tombstone",
    description="Invoices (draft, open, paid, void, uncollectible); amounts in minor units.",
)

CHARGE = StreamSpec(
    name="charge",
    primary_key=("id",),
    columns=typed(
        id="string",
        customer="string",
        invoice="string",
        payment_intent="string",
        amount="minor",
        amount_refunded="minor",
        currency="string",
        created="unix",
        status="string",
        paid="boolean",
        refunded="boolean",
        disputed="boolean",
        failure_code="string",
    ),
    cursor=Cursor("event_log"),
    deletes="none",
    description="Attempts to take money (succeeded, pending, failed); amounts in minor units.",
)

REFUND = StreamSpec(
    name="refund",
    primary_key=("id",),
    columns=typed(
        id="string",
        charge="string",
        amount="minor",
        currency="string",
        created="unix",
        status="string",
        reason="string",
    ),
    cursor=Cursor("created_only", "created", REFUND_WINDOW),
    deletes="none",
    description="Money given back; amounts in minor units, positive.",
)

DISPUTE = StreamSpec(
    name="dispute",
    primary_key=("id",),
    columns=typed(
        id="string",
        charge="string",
        payment_intent="string",
        amount="minor",
        currency="string",
        created="unix",
        status="string",
        reason="string",
    ),
    cursor=Cursor("event_log"),
    deletes="none",
    description="Chargebacks (needs_response, under_review, won, lost, ...); minor units.",
)

SUBSCRIPTION = StreamSpec(
    name="subscription",
    primary_key=("id",),
    columns=typed(
        id="string",
        customer="string",
        status="string",
        currency="string",
        collection_method="string",
        created="unix",
        start_date="unix",
        current_period_start="unix",
        current_period_end="unix",
        trial_end="unix",
        cancel_at="unix",
        cancel_at_period_end="boolean",
        canceled_at="unix",
        ended_at="unix",
        latest_invoice="string",
        metadata="json",
        items="json",
    ),
    cursor=Cursor("event_log"),
    deletes="none",
    description="Standing orders to bill (active, past_due, paused, canceled, ...); unit_amount of"
    " their items in minor units.",
)

STREAMS: tuple[StreamSpec, ...] = (CUSTOMER, SUBSCRIPTION, INVOICE, CHARGE, REFUND, DISPUTE)

# The event types whose object is a row of the stream (at most 20 may be asked for at once).
EVENT_TYPES: Mapping[str, tuple[str, ...]] = {
    "subscription": (
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.pending_update_applied",
        "customer.subscription.pending_update_expired",
        "customer.subscription.resumed",
        "customer.subscription.trial_will_end",
        "customer.subscription.updated",
    ),
    "customer": ("customer.created", "customer.updated", "customer.deleted"),
    "invoice": (
        "invoice.created",
        "invoice.deleted",
        "invoice.finalization_failed",
        "invoice.finalized",
        "invoice.marked_uncollectible",
        "invoice.paid",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoice.sent",
        "invoice.updated",
        "invoice.voided",
    ),
    "charge": (
        "charge.captured",
        "charge.expired",
        "charge.failed",
        "charge.pending",
        "charge.refunded",
        "charge.succeeded",
        "charge.updated",
    ),
    "dispute": (
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
    ),
}
