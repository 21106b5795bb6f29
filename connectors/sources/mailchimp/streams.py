"""The streams of a Mailchimp source: the audience's members and what campaigns did to them.

Data flow: Mailchimp Marketing API 3.0 -> StreamSpec (here) -> source.py -> landing -> raw
`mailchimp.*`.

Facts (mailchimp.com/developer/marketing/api and its specification):
- a member's id is the MD5 of the lower-case address, so a changed address is a new member;
  `last_changed` moves with every change; archived members stay, permanently deleted ones vanish.
- unset times are sent as empty strings; set ones as ISO 8601 with an offset.
- a campaign's engagement keeps growing for days: its report and children are read again while it
  is younger than the window.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Cursor, StreamSpec, typed

REPORT_WINDOW = timedelta(days=14)
# `since_last_changed` is not documented as inclusive; a minute also covers changes under way.
MEMBER_LOOKBACK = timedelta(minutes=1)


MEMBER = StreamSpec(
    name="member",
    primary_key=("id",),
    columns=typed(
        id="string",
        email_address="email",
        unique_email_id="string",
        contact_id="string",
        full_name="string",
        status="string",
        merge_fields="json",
        timestamp_signup="timestamp",
        timestamp_opt="timestamp",
        last_changed="timestamp",
        unsubscribe_reason="string",
        tags="json",
        tags_count="integer",
        list_id="string",
    ),
    cursor=Cursor("updated_since", "last_changed", MEMBER_LOOKBACK),
    deletes="id_reconcile",
    version="last_changed",
    description="Members of the audience in every status; archived is a status, not a delete.",
)

REPORT = StreamSpec(
    name="report",
    primary_key=("id",),
    columns=typed(
        id="string",
        campaign_title="string",
        list_id="string",
        subject_line="string",
        emails_sent="integer",
        send_time="timestamp",
        unsubscribed="integer",
    ),
    cursor=Cursor("created_only", "send_time", REPORT_WINDOW),
    deletes="none",
    description="Campaigns that were sent.",
)

SENT_TO = StreamSpec(
    name="sent_to",
    primary_key=("campaign_id", "email_id"),
    columns=typed(
        campaign_id="string",
        email_id="string",
        email_address="email",
        status="string",
        open_count="integer",
        last_open="timestamp",
    ),
    cursor=Cursor("created_only"),
    deletes="none",
    parent="report",
    parent_key=("campaign_id",),
    description="Who a campaign was sent to (status sent, hard or soft bounce).",
)

EMAIL_ACTIVITY = StreamSpec(
    name="email_activity",
    primary_key=("campaign_id", "email_id", "action", "timestamp"),
    columns=typed(
        campaign_id="string",
        email_id="string",
        email_address="email",
        action="string",
        timestamp="timestamp",
        url="string",
        type="string",
    ),
    cursor=Cursor("created_only"),
    deletes="none",
    parent="report",
    parent_key=("campaign_id",),
    description="Opens, clicks and bounces, one row each.",
)

UNSUBSCRIBED = StreamSpec(
    name="unsubscribed",
    primary_key=("campaign_id", "email_id"),
    columns=typed(
        campaign_id="string",
        email_id="string",
        email_address="email",
        timestamp="timestamp",
        reason="string",
    ),
    cursor=Cursor("created_only"),
    deletes="none",
    parent="report",
    parent_key=("campaign_id",),
    description="Who left the audience because of a campaign.",
)

STREAMS: tuple[StreamSpec, ...] = (MEMBER, REPORT, SENT_TO, EMAIL_ACTIVITY, UNSUBSCRIBED)
