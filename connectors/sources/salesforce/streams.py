"""The streams of a Salesforce source: one set of names and columns, whatever the org calls them.

Data flow: sObject of the map (maps/*.yaml) -> renamed fields -> StreamSpec (here) -> landing
           -> raw `salesforce.*`.

Which object feeds a stream, and which field a column, is the map's business (mapping.py); columns a
map does not fill are null. So one set of staging models reads every kind of org.

Facts (Object Reference, SOQL and REST API developer guides at developer.salesforce.com):
- `SystemModstamp` moves with every change, also those of the system; `LastModifiedDate` with those
  of users; which of them an object has, its description tells. Whole seconds; all times are UTC.
- Formula fields and fields reached through a relationship do not move it.
- Deleted records lie in the recycle bin for 15 days with `IsDeleted`, seen by queryAll only; a
  merge deletes the losers and leaves the winner in their `MasterRecordId` (contacts and accounts).
- Amounts are decimals in major units; `CurrencyIsoCode` is there in multi-currency orgs only.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Column, ColumnType, Cursor, StreamSpec, UnknownKeys

LOOKBACK = timedelta(seconds=10)
_MODIFIED = Cursor("updated_since", "modified_at", LOOKBACK)


def _spec(
    name: str, description: str, /, unknown: UnknownKeys = "kept", **types: ColumnType
) -> StreamSpec:
    """A stream with the columns every object has, and its own."""
    columns: dict[str, ColumnType] = {
        "id": "string",
        **types,
        "created_at": "timestamp",
        "modified_at": "timestamp",
        "is_deleted": "boolean",
    }
    return StreamSpec(
        name=name,
        primary_key=("id",),
        columns={column: Column(kind) for column, kind in columns.items()},
        cursor=_MODIFIED,
        deletes="id_reconcile",
        deleted_when="is_deleted",
        version="modified_at",
        unknown=unknown,
        description=description,
    )


CONTACT = _spec(
    "contact",
    "People; the losers of merges come as deleted, with the winner in master_record_id.",
    master_record_id="string",
    account_id="string",
    member_number="string",
    first_name="string",
    last_name="string",
    email="email",
    phone="phone",
    mobile_phone="phone",
    street="string",
    postal_code="string",
    city="string",
    birth_date="date",
    deceased_on="date",
    is_deceased="boolean",
    refuses_email="boolean",
    refuses_phone="boolean",
    refuses_contact="boolean",
    email_bounced_at="timestamp",
)
ACCOUNT = _spec(
    "account",
    "Organisations and households.",
    master_record_id="string",
    name="string",
    kind="string",
    email="email",
)
PLAN = _spec(
    "plan",
    "What can be joined, with its list price in major units.",
    code="string",
    name="string",
    kind="string",
    price="money",
    currency="string",
    term_months="integer",
    grace_days="integer",
    is_active="boolean",
)
MEMBERSHIP_TERM = _spec(
    "membership_term",
    "Terms: from when to when somebody is a member, and for how much (major units).",
    membership_id="string",
    contact_id="string",
    account_id="string",
    plan_id="string",
    plan_name="string",
    status="string",
    amount="money",
    currency="string",
    is_granted="boolean",
    is_auto_renew="boolean",
    start_date="date",
    end_date="date",
    committed_on="date",
    cancelled_on="date",
)
EVENT = _spec(
    "event",
    "Events; an org keeps either the moment of the begin or only the day.",
    name="string",
    kind="string",
    modality="string",
    status="string",
    currency="string",
    starts_on="date",
    ends_on="date",
    starts_at="timestamp",
    ends_at="timestamp",
)
REGISTRATION = _spec(
    "registration",
    "Who is registered for which event, and whether they came.",
    event_id="string",
    contact_id="string",
    email="email",
    status="string",
    price="money",
    currency="string",
    is_registered="boolean",
    has_attended="boolean",
    registered_on="date",
    registered_at="timestamp",
    checked_in_at="timestamp",
)
PAYMENT = _spec(
    "payment",
    "Movements of money in major units; what a map calls a refund may be positive or negative.",
    contact_id="string",
    account_id="string",
    order_id="string",
    parent_payment_id="string",
    event_id="string",
    kind="string",
    status="string",
    purpose="string",
    method="string",
    amount="money",
    currency="string",
    is_paid="boolean",
    is_refund="boolean",
    is_void="boolean",
    dues_until="date",
    paid_on="date",
    paid_at="timestamp",
)
CASE = _spec(
    "case",
    "Service cases without subject, description and comments.",
    "dropped",
    contact_id="string",
    account_id="string",
    kind="string",
    status="string",
    is_closed="boolean",
    closed_at="timestamp",
)

STREAMS: tuple[StreamSpec, ...] = (
    CONTACT,
    ACCOUNT,
    PLAN,
    MEMBERSHIP_TERM,
    EVENT,
    REGISTRATION,
    PAYMENT,
    CASE,
)
