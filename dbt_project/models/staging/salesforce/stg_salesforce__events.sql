with events as (
    select * from {{ ref('base_salesforce__events') }}
),

registration as (
    {{ raw_current('salesforce', 'registration') }}
),

attended as (
    select distinct event_id
    from registration
    where checked_in_at is not null or has_attended or lower(status) like 'attended%'
)

select
    events.event_id as source_event_id,
    events.event_name,
    events.event_kind,
    coalesce(events.modality, case when events.event_kind like '%webinar%' then 'online' end) as modality,
    events.starts_at,
    events.ends_at,
    -- A first attendance shows that attendance is recorded.
    attended.event_id is not null as has_capture,
    coalesce(events.status like '%cancel%' or events.status like '%abort%', false) as is_cancelled,
    events.currency_code,
    events.known_at
from events
left join attended on events.event_id = attended.event_id
