"""The streams of an Action Network source.

Data flow: Action Network API v2 -> StreamSpec (here) -> source.py -> raw `actionnetwork.*`.

Facts (actionnetwork.org/docs/v2): people, events, donations, attendances, signatures, submissions
and outreaches can be filtered by `modified_date`; attendances live below their event, signatures
below their petition, submissions below their form, outreaches below their advocacy campaign;
donations are also one collection. A person is one per e-mail address or number; records taken off
the list simply disappear. Amounts are decimal text with a currency; times are UTC to the second.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Column, ColumnType, Cursor, StreamSpec

LOOKBACK = timedelta(minutes=10)
_CURSOR = Cursor("updated_since", "modified_date", LOOKBACK)


def _columns(**types: ColumnType) -> dict[str, Column]:
    dated: dict[str, ColumnType] = {
        "id": "string",
        "created_date": "timestamp",
        "modified_date": "timestamp",
    }
    return {name: Column(kind) for name, kind in {**dated, **types}.items()}


PERSON = StreamSpec(
    name="person",
    primary_key=("id",),
    columns=_columns(
        given_name="string",
        family_name="string",
        email="email",
        email_status="string",
        phone="phone",
        phone_status="string",
        street="string",
        postal_code="string",
        city="string",
        country="string",
        foreign_system="string",
        foreign_id="string",
        member_number="string",
        birth_date="string",
    ),
    cursor=_CURSOR,
    deletes="id_reconcile",
    description="People of the group's list, whatever their status.",
)

EVENT = StreamSpec(
    name="event",
    primary_key=("id",),
    columns=_columns(
        status="string",
        title="string",
        start_date="timestamp",
        end_date="timestamp",
        visibility="string",
        total_accepted="integer",
    ),
    cursor=_CURSOR,
    deletes="id_reconcile",
    description="Events (status confirmed, tentative, cancelled).",
)

DONATION = StreamSpec(
    name="donation",
    primary_key=("id",),
    columns=_columns(
        person_id="string",
        parent_id="string",
        status="string",
        amount="money",
        currency="string",
        method="string",
        is_recurring="boolean",
        period="string",
    ),
    cursor=_CURSOR,
    deletes="id_reconcile",
    description="Donations; each payment of a recurring one is a donation of its own.",
)


def _action(name: str, parent: str) -> StreamSpec:
    return StreamSpec(
        name=name,
        primary_key=("id",),
        columns=_columns(person_id="string", parent_id="string", status="string"),
        cursor=_CURSOR,
        deletes="none",
        description=f"{name.title()}s, read {parent} by {parent}.",
    )


ATTENDANCE = _action("attendance", "event")
SIGNATURE = _action("signature", "petition")
SUBMISSION = _action("submission", "form")
OUTREACH = _action("outreach", "advocacy campaign")

STREAMS: tuple[StreamSpec, ...] = (
    PERSON,
    EVENT,
    DONATION,
    ATTENDANCE,
    SIGNATURE,
    SUBMISSION,
    OUTREACH,
)
