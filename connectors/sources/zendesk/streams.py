"""The streams of a Zendesk source.

Data flow: Zendesk Support API v2 -> StreamSpec (here) -> source.py -> landing -> raw `zendesk.*`.

Facts (developer.zendesk.com: Incremental Exports, Using the Incremental Export API, Tickets, Ticket
Metrics, Users, Satisfaction Ratings):
- the ticket export compares start_time with `generated_timestamp`, which also moves with changes
  made by the system; `updated_at` does not, so it is no cursor.
- nothing of the last minute is exported, so that a later read misses nothing; a page's last items
  can come again on the next one.
- deleted tickets stay in the export with status "deleted", deleted users with active = false.
- `include=metric_sets` brings each ticket's metrics along.
- the ticket event export has, per update, child events with the changed fields; a changed status
  stands there as `status` and `previous_value` (field names as in singer-io/tap-zendesk).
- times are ISO 8601 in UTC, `generated_timestamp` is unix seconds.
Not verified: that a deleted organization is exported with `deleted_at`; whether `start_time` of
ratings filters on their creation or their change (the re-read window covers both).
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Column, Cursor, StreamSpec, typed

# Two documented floors for start_time exist, one and five minutes: stay behind both.
LOOKBACK = timedelta(minutes=5)
RATING_WINDOW = timedelta(days=30)


TICKET = StreamSpec(
    name="ticket",
    primary_key=("id",),
    columns={
        **typed(
            id="integer",
            status="string",
            custom_status_id="integer",
            priority="string",
            type="string",
            case_type="string",
            tags="json",
            ticket_form_id="integer",
            brand_id="integer",
            via_channel="string",
            requester_id="integer",
            organization_id="integer",
            assignee_id="integer",
            group_id="integer",
            satisfaction_score="string",
            created_at="timestamp",
            updated_at="timestamp",
        ),
        "generated_at": Column("unix", path="generated_timestamp"),
    },
    cursor=Cursor("updated_since", "generated_timestamp", LOOKBACK),
    deletes="flag",
    deleted_when="deleted",
    unknown="dropped",
    description="Tickets without any text a person wrote; status new ... closed.",
)

TICKET_METRIC = StreamSpec(
    name="ticket_metric",
    primary_key=("ticket_id",),
    columns={
        **typed(
            ticket_id="integer",
            reopens="integer",
            replies="integer",
            solved_at="timestamp",
            updated_at="timestamp",
        ),
        "first_resolution_minutes": Column(
            "integer", path="first_resolution_time_in_minutes.calendar"
        ),
        "full_resolution_minutes": Column(
            "integer", path="full_resolution_time_in_minutes.calendar"
        ),
    },
    cursor=Cursor("updated_since"),
    deletes="none",
    parent="ticket",
    parent_key=("ticket_id",),
    unknown="dropped",
    description="Zendesk's own measures of a ticket, in calendar minutes.",
)

TICKET_EVENT = StreamSpec(
    name="ticket_event",
    primary_key=("id",),
    columns=typed(
        id="integer",
        ticket_id="integer",
        status="string",
        previous_status="string",
        created_at="timestamp",
    ),
    cursor=Cursor("created_only", "created_at", LOOKBACK),
    deletes="none",
    unknown="dropped",
    description="Changes of a ticket's status; other changes are not kept.",
)

USER = StreamSpec(
    name="user",
    primary_key=("id",),
    columns=typed(
        id="integer",
        name="string",
        email="email",
        phone="phone",
        role="string",
        organization_id="integer",
        member_number="string",
        contact_id="string",
        contact_system="string",
        suspended="boolean",
        created_at="timestamp",
        updated_at="timestamp",
    ),
    cursor=Cursor("updated_since", "updated_at", LOOKBACK),
    deletes="flag",
    deleted_when="deleted",
    description="People who write in (role end-user) and staff (agent, admin).",
)

ORGANIZATION = StreamSpec(
    name="organization",
    primary_key=("id",),
    columns=typed(
        id="integer",
        name="string",
        external_id="string",
        created_at="timestamp",
        updated_at="timestamp",
    ),
    cursor=Cursor("updated_since", "updated_at", LOOKBACK),
    deletes="flag",
    deleted_when="deleted",
    description="Organizations users belong to.",
)

RATING = StreamSpec(
    name="satisfaction_rating",
    primary_key=("id",),
    columns=typed(
        id="integer",
        ticket_id="integer",
        requester_id="integer",
        assignee_id="integer",
        group_id="integer",
        score="string",
        reason_code="integer",
        created_at="timestamp",
        updated_at="timestamp",
    ),
    cursor=Cursor("created_only", "created_at", RATING_WINDOW),
    deletes="none",
    version="updated_at",
    unknown="dropped",
    description="Answered satisfaction ratings of tickets: good or bad.",
)

STREAMS: tuple[StreamSpec, ...] = (
    USER,
    ORGANIZATION,
    TICKET,
    TICKET_METRIC,
    TICKET_EVENT,
    RATING,
)
