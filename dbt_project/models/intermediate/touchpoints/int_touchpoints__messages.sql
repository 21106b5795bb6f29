-- Touchpoints from messages: sent, first opened, first clicked, bounced, unsubscribed. Who left the
-- audience without a message to blame is taken from the consents.
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
        'email_sent' as activity,
        source_message_id as source_id,
        source_record_id,
        source_system,
        campaign_id,
        department,
        purpose,
        sent_at as occurred_at,
        known_at
    from messages
    where channel = 'email' and sent_at is not null
    union all
    select
        'email_opened' as activity,
        source_message_id as source_id,
        source_record_id,
        source_system,
        campaign_id,
        department,
        purpose,
        first_opened_at as occurred_at,
        known_at
    from messages
    where channel = 'email' and first_opened_at is not null
    union all
    select
        'email_clicked' as activity,
        source_message_id as source_id,
        source_record_id,
        source_system,
        campaign_id,
        department,
        purpose,
        first_clicked_at as occurred_at,
        known_at
    from messages
    where channel = 'email' and first_clicked_at is not null
    union all
    select
        'email_bounced' as activity,
        source_message_id as source_id,
        source_record_id,
        source_system,
        campaign_id,
        department,
        purpose,
        bounced_at as occurred_at,
        known_at
    from messages
    where channel = 'email' and bounced_at is not null
    union all
    select
        'email_unsubscribed' as activity,
        source_message_id as source_id,
        source_record_id,
        source_system,
        campaign_id,
        department,
        purpose,
        unsubscribed_at as occurred_at,
        known_at
    from messages
    where channel = 'email' and unsubscribed_at is not null
    union all
    select
        'email_unsubscribed' as activity,
        consents.source_consent_id as source_id,
        consents.source_record_id,
        consents.source_system,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as department,
        consents.purpose,
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
    occurred_at,
    known_at
from steps
