"""The streams of a Typeform source.

Data flow: Typeform API -> StreamSpec (here) -> source.py -> landing -> raw `typeform.*`.

Facts (typeform.com/developers, Responses API): responses are read by `submitted_at`, UTC to the
second; a very recent one may be missing for about 30 minutes; a deleted one vanishes. A completed
response does not change. Every answer has a `type` that names the key of its value, and its
question's id, reference and type; opinion scale, rating and NPS come as numbers.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Column, Cursor, StreamSpec, typed

# Four times what a response may take to become visible.
LAG = timedelta(hours=2)


FORM = StreamSpec(
    name="form",
    primary_key=("id",),
    columns=typed(
        id="string",
        title="string",
        created_at="timestamp",
        last_updated_at="timestamp",
        survey_code="string",
        lifecycle_point="string",
        score_field="string",
    ),
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Forms, with what the settings make of them as surveys.",
)

RESPONSE = StreamSpec(
    name="response",
    primary_key=("id",),
    columns=typed(
        id="string",
        form_id="string",
        landed_at="timestamp",
        submitted_at="timestamp",
        member_number="string",
        civicrm_contact_id="string",
        email="email",
    ),
    cursor=Cursor("created_only", "submitted_at", LAG),
    deletes="id_reconcile",
    unknown="dropped",
    description="Completed responses: which form, when, and who as far as it was told.",
)

ANSWER = StreamSpec(
    name="answer",
    primary_key=("response", "field_id"),
    columns={
        **typed(
            response="string",
            form_id="string",
            field_id="string",
            field_ref="string",
            field_type="string",
            type="string",
            number="number",
            boolean="boolean",
            date="date",
            email="email",
            choice="json",
            choices="json",
        ),
        "phone": Column("phone", path="phone_number"),
    },
    cursor=Cursor("created_only"),
    deletes="replace_by_parent",
    parent="response",
    parent_key=("response",),
    unknown="dropped",
    description="What was answered, without free text, files, links and payments.",
)

STREAMS: tuple[StreamSpec, ...] = (FORM, RESPONSE, ANSWER)
