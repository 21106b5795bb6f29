{{ config(materialized='view') }}
-- Touchpoints from messages: sent, first opened, first clicked, bounced, unsubscribed. Who left the
-- audience without a message to blame is taken from the consents.
{%- set steps = {
    'opened': {'email': 'email_opened', 'at': 'first_opened_at'},
    'clicked': {'email': 'email_clicked', 'sms': 'sms_clicked', 'at': 'first_clicked_at'},
    'bounced': {'email': 'email_bounced', 'post': 'post_returned', 'at': 'bounced_at'},
    'unsubscribed': {'email': 'email_unsubscribed', 'at': 'unsubscribed_at'},
} %}
with messages as (
    select * from {{ ref('conformed__messages') }}
),

consents as (
    select * from {{ ref('conformed__consents') }}
    where channel = 'email' and reason = 'unsubscribed'
),

blamed as (
    select distinct
        source_system,
        source_record_id
    from messages
    where unsubscribed_at is not null
),

steps as (
    select
        {{ sent_activity('channel') }} as activity,
        source_message_id as source_id,
        source_record_id,
        source_system,
        campaign_id,
        department,
        purpose,
        cast(null as boolean) as is_bot,
        sent_at as occurred_at,
        known_at
    from messages
    where sent_at is not null
    {%- for step in steps.values() %}
    {%- for channel, activity in step.items() if channel != 'at' %}
    union all
    select
        '{{ activity }}' as activity,
        source_message_id as source_id,
        source_record_id,
        source_system,
        campaign_id,
        department,
        purpose,
        {{ is_machine_click('sent_at', 'first_clicked_at') if activity.endswith('_clicked')
            else 'cast(null as boolean)' }} as is_bot,
        {{ step['at'] }} as occurred_at,
        known_at
    from messages
    where channel = '{{ channel }}' and {{ step['at'] }} is not null
    {%- endfor %}
    {%- endfor %}
    union all
    select
        'email_unsubscribed' as activity,
        consents.source_consent_id as source_id,
        consents.source_record_id,
        consents.source_system,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as department,
        consents.purpose,
        cast(null as boolean) as is_bot,
        consents.occurred_at,
        consents.known_at
    from consents
    left join blamed
        on
            consents.source_system = blamed.source_system
            and consents.source_record_id = blamed.source_record_id
    where blamed.source_record_id is null and consents.occurred_at is not null
)

select
    activity,
    source_id,
    source_record_id,
    source_system,
    cast(null as varchar) as source_event_id,
    cast(null as varchar) as source_case_id,
    campaign_id,
    cast(null as varchar) as channel,
    department,
    cast(null as varchar) as actor_type,
    purpose,
    is_bot,
    false as is_bad,
    occurred_at,
    known_at
from steps
