"""The streams of a pretix source.

Data flow: pretix REST API v1 -> StreamSpec (here) -> source.py -> landing -> raw `pretix.*`.

Facts (pretix 2026.8.0, src/pretix/api and base/models):
- orders: `modified_since` filters on `last_modified >=`; the response header `X-Page-Generated` is
  the server's time to use as the next `modified_since` (api/views/order.py).
- an OrderRefund changes state without saving the order, so `last_modified` stays: the lookback of
  `order` re-reads recent orders (tests/real shows it against a real server).
- order codes are unique per organizer; payments and refunds are numbered per order (`local_id`).
- check-ins: `created_since` on `created`; annulling one later changes it in place.
- dates of a series (sub-events): `modified_since` and X-Page-Generated as for orders
  (api/views/event.py); a date that was never sold can be deleted.
- products and vouchers have no time of change (api/views/item.py, voucher.py).
- memberships of customer accounts have neither, come in no total order, and the API does not show
  whether one was cancelled (api/serializers/organizer.py, base/models/memberships.py).
- money is a decimal string in the event's currency; times are ISO 8601 with an offset.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Cursor, StreamSpec, typed

REFUND_WINDOW = timedelta(days=30)
CHECKIN_WINDOW = timedelta(days=3)


EVENT = StreamSpec(
    name="event",
    primary_key=("slug",),
    columns=typed(
        slug="string",
        name="json",
        live="boolean",
        testmode="boolean",
        currency="string",
        date_from="timestamp",
        date_to="timestamp",
        location="json",
        is_public="boolean",
        has_subevents="boolean",
        meta_data="json",
    ),
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Events of the organizer; name and location by language.",
)

SUBEVENT = StreamSpec(
    name="subevent",
    primary_key=("id",),
    columns=typed(
        id="integer",
        event="string",
        name="json",
        active="boolean",
        is_public="boolean",
        date_from="timestamp",
        date_to="timestamp",
        location="json",
        meta_data="json",
        last_modified="timestamp",
    ),
    cursor=Cursor("updated_since", lookback=timedelta(days=1)),
    deletes="id_reconcile",
    version="last_modified",
    description="Dates of event series.",
)

ITEM = StreamSpec(
    name="item",
    primary_key=("id",),
    columns=typed(
        id="integer",
        event="string",
        name="json",
        internal_name="string",
        category="integer",
        active="boolean",
        admission="boolean",
        default_price="money",
        variations="json",
    ),
    cursor=Cursor("updated_since"),
    deletes="id_reconcile",
    description="Products of an event: tickets (`admission`) and what else it sells.",
)

VOUCHER = StreamSpec(
    name="voucher",
    primary_key=("id",),
    columns=typed(
        id="integer",
        event="string",
        created="timestamp",
        tag="string",
        item="integer",
        subevent="integer",
        max_usages="integer",
        redeemed="integer",
        valid_until="timestamp",
    ),
    cursor=Cursor("updated_since"),
    deletes="id_reconcile",
    description="Vouchers by tag, and how often they were used; without their codes.",
)

MEMBERSHIP_TYPE = StreamSpec(
    name="membership_type",
    primary_key=("id",),
    columns=typed(
        id="integer",
        name="json",
        transferable="boolean",
        allow_parallel_usage="boolean",
        max_usages="integer",
    ),
    cursor=Cursor("full"),
    deletes="none",
    description="What memberships of customer accounts entitle to.",
)

MEMBERSHIP = StreamSpec(
    name="membership",
    primary_key=("id",),
    columns=typed(
        id="integer",
        testmode="boolean",
        customer="string",
        membership_type="integer",
        date_start="timestamp",
        date_end="timestamp",
    ),
    cursor=Cursor("full"),
    # The API deletes none; test ones can go, and are flagged.
    deletes="none",
    description="Entitlements of customer accounts; no terms of an association's membership.",
)

ORDER = StreamSpec(
    name="order",
    primary_key=("code",),
    columns=typed(
        code="string",
        event="string",
        status="string",
        testmode="boolean",
        email="email",
        phone="phone",
        locale="string",
        datetime="timestamp",
        expires="timestamp",
        total="money",
        customer="string",
        last_modified="timestamp",
        cancellation_date="timestamp",
    ),
    cursor=Cursor("updated_since", lookback=REFUND_WINDOW),
    # Only test-mode orders can be deleted, and those are flagged and not counted anyway.
    deletes="none",
    version="last_modified",
    description="Orders (status n pending, p paid, e expired, c cancelled).",
)

ORDER_POSITION = StreamSpec(
    name="order_position",
    primary_key=("id",),
    columns=typed(
        id="integer",
        order="string",
        event="string",
        positionid="integer",
        item="integer",
        variation="integer",
        subevent="integer",
        voucher="integer",
        price="money",
        attendee_name="string",
        attendee_name_parts="json",
        attendee_email="email",
        company="string",
        canceled="boolean",
        answers="json",
    ),
    cursor=Cursor("updated_since"),
    deletes="replace_by_parent",
    parent="order",
    parent_key=("order",),
    description="Tickets of an order, cancelled ones included.",
)

ORDER_PAYMENT = StreamSpec(
    name="order_payment",
    primary_key=("order", "local_id"),
    columns=typed(
        order="string",
        event="string",
        local_id="integer",
        state="string",
        amount="money",
        created="timestamp",
        payment_date="timestamp",
        provider="string",
    ),
    cursor=Cursor("updated_since"),
    deletes="replace_by_parent",
    parent="order",
    parent_key=("order",),
    description="Payments (state created, pending, confirmed, canceled, failed, refunded).",
)

ORDER_REFUND = StreamSpec(
    name="order_refund",
    primary_key=("order", "local_id"),
    columns=typed(
        order="string",
        event="string",
        local_id="integer",
        state="string",
        amount="money",
        created="timestamp",
        execution_date="timestamp",
        payment="integer",
        provider="string",
        source="string",
    ),
    cursor=Cursor("updated_since"),
    deletes="replace_by_parent",
    parent="order",
    parent_key=("order",),
    description="Refunds (state external, created, transit, done, canceled, failed).",
)

CHECKIN = StreamSpec(
    name="checkin",
    primary_key=("id",),
    columns=typed(
        id="integer",
        event="string",
        position="integer",
        list="integer",
        datetime="timestamp",
        created="timestamp",
        type="string",
        successful="boolean",
        error_reason="string",
    ),
    cursor=Cursor("created_only", "created", CHECKIN_WINDOW),
    deletes="none",
    description="Scans at the door, failed and annulled ones included.",
)

STREAMS: tuple[StreamSpec, ...] = (
    EVENT,
    SUBEVENT,
    ITEM,
    VOUCHER,
    MEMBERSHIP_TYPE,
    MEMBERSHIP,
    ORDER,
    ORDER_POSITION,
    ORDER_PAYMENT,
    ORDER_REFUND,
    CHECKIN,
)
