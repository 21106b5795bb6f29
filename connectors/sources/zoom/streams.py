"""The streams of a Zoom source.

Data flow: Zoom API v2 -> StreamSpec (here) -> source.py -> landing -> raw `zoom.*`.

Facts (see client.py for where they are from):
- a user's list of webinars holds those that have not expired: one that is missing is over, not
  deleted. Registrants are listed per webinar and status.
- the users' meeting report names past meetings and webinars (types 5, 6, 9) of one month at a time,
  six months back, if at least two people came; each instance has a UUID of its own.
- the participants' report has one row per stay (join_time, leave_time, duration in seconds), an
  e-mail address mostly for registrants and the account's own users, and `registrant_id` on request.
Not verified: how soon after the end a report is complete (hence the re-read window).
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Cursor, StreamSpec, typed

ATTENDANCE_WINDOW = timedelta(days=3)


WEBINAR = StreamSpec(
    name="webinar",
    primary_key=("id",),
    columns=typed(
        id="integer",
        uuid="string",
        host_id="string",
        topic="string",
        type="integer",
        start_time="timestamp",
        duration="integer",
        timezone="string",
        created_at="timestamp",
        is_simulive="boolean",
    ),
    cursor=Cursor("full"),
    # Webinars leave the list when they expire; that is no deletion.
    deletes="none",
    description="Webinars that have not expired (type 5 single, 6 and 9 series).",
)

REGISTRANT = StreamSpec(
    name="registrant",
    primary_key=("webinar_id", "id"),
    columns=typed(
        webinar_id="integer",
        id="string",
        email="email",
        first_name="string",
        last_name="string",
        phone="phone",
        status="string",
        create_time="timestamp",
    ),
    cursor=Cursor("full"),
    deletes="replace_by_parent",
    parent="webinar",
    parent_key=("webinar_id",),
    description="Registrants of those webinars (status approved, pending, denied).",
)

INSTANCE = StreamSpec(
    name="instance",
    primary_key=("uuid",),
    columns=typed(
        uuid="string",
        id="integer",
        type="integer",
        topic="string",
        start_time="timestamp",
        end_time="timestamp",
        duration="integer",
        participants_count="integer",
        total_minutes="integer",
    ),
    cursor=Cursor("created_only", "start_time", ATTENDANCE_WINDOW),
    deletes="none",
    description="Webinars that took place; `id` is the webinar's.",
)

PARTICIPANT = StreamSpec(
    name="participant",
    primary_key=("instance", "segment"),
    columns=typed(
        instance="string",
        segment="string",
        user_id="string",
        registrant_id="string",
        user_email="email",
        join_time="timestamp",
        leave_time="timestamp",
        duration="integer",
        status="string",
        failover="boolean",
    ),
    cursor=Cursor("created_only"),
    deletes="replace_by_parent",
    parent="instance",
    parent_key=("instance",),
    description="Stays in a webinar, several for a person who came back.",
)

STREAMS: tuple[StreamSpec, ...] = (WEBINAR, REGISTRANT, INSTANCE, PARTICIPANT)
