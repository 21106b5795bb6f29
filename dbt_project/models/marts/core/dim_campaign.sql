-- One row per campaign: messages sent under one name by one system.
with messages as (

    select * from {{ ref('conformed__messages') }}
    where campaign_id is not null

)

select
    {{ surrogate_key(['source_system', 'campaign_id']) }} as campaign_key,
    source_system,
    campaign_id,
    max(campaign_name) as campaign_name,
    max(purpose) as purpose,
    max(department) as department,
    max(channel) as channel,
    count(*) as messages_sent,
    min(sent_at) as first_sent_at,
    max(sent_at) as last_sent_at,
    min(known_at) as known_at
from messages
group by source_system, campaign_id
