with unioned as (
    {{ union_staged('messages') }}
)

select
    source_message_id,
    source_record_id,
    campaign_id,
    campaign_name,
    purpose,
    department,
    channel,
    sent_at,
    first_opened_at,
    first_clicked_at,
    bounced_at,
    bounce_kind,
    unsubscribed_at,
    source_system,
    known_at
from unioned
