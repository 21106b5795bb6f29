with event as (
    {{ raw_current('odoo', 'event') }}
),

registrations as (
    select * from {{ ref('base_odoo__registrations') }}
),

attended as (
    select distinct event_id
    from registrations
    where state = 'done'
)

select
    cast(event.id as varchar) as source_event_id,
    event.name as event_name,
    lower(event.kind) as event_kind,
    -- Odoo calls an event without a venue an online event.
    case when event.venue is null then 'online' else 'onsite' end as modality,
    event.date_begin as starts_at,
    coalesce(event.date_end, event.date_begin) as ends_at,
    attended.event_id is not null as has_capture,
    coalesce(event.kanban_state, '') = 'cancel' or lower(coalesce(event.stage, '')) in ('cancelled', 'canceled')
        as is_cancelled,
    '{{ var("currency") }}' as currency_code,
    event._first_known_at as known_at
from event
left join attended on cast(event.id as varchar) = attended.event_id
