with messages as (
    {{ raw_current('mapped', 'messages') }}
)

select
    source_system,
    source_message_id,
    source_record_id,
    campaign_id,
    campaign_name,
    lower(purpose) as purpose,
    department,
    coalesce(channel, 'email') as channel,
    sent_at,
    first_opened_at,
    first_clicked_at,
    bounced_at,
    bounce_kind,
    unsubscribed_at,
    _first_known_at as known_at
from messages
