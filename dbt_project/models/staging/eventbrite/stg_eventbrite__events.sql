with event as (
    {{ raw_current('eventbrite', 'event') }}
),

attendees as (
    select * from {{ ref('base_eventbrite__attendees') }}
),

scanned as (
    select distinct event_id
    from attendees
    where is_checked_in
)

select
    event.id as source_event_id,
    event.name as event_name,
    cast(null as varchar) as event_kind,
    case when event.online_event then 'online' when not event.online_event then 'onsite' end as modality,
    event.starts_at,
    coalesce(event.ends_at, event.starts_at) as ends_at,
    -- Nothing says beforehand whether attendance will be recorded: the first check-in shows it.
    coalesce(scanned.event_id is not null, false) as has_capture,
    lower(event.status) in ('canceled', 'cancelled') as is_cancelled,
    upper(event.currency) as currency_code,
    event._first_known_at as known_at
from event
left join scanned on event.id = scanned.event_id
where lower(event.status) not in ('draft', 'deleted')
