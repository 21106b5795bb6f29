-- Only days are known: an event lasts from the begin of its first to the end of its last one.
with event as (
    {{ raw_current('tito', 'event') }}
),

checkin as (
    {{ raw_current('tito', 'checkin') }}
),

scanned as (
    select distinct event_id
    from checkin
)

select
    cast(event.id as varchar) as source_event_id,
    event.title as event_name,
    cast(null as varchar) as event_kind,
    case when nullif(trim(event.location), '') is not null then 'onsite' end as modality,
    {{ day_start_utc('event.start_date') }} as starts_at,
    {{ day_start_utc(add_days('coalesce(event.end_date, event.start_date)', 1)) }} as ends_at,
    scanned.event_id is not null as has_capture,
    false as is_cancelled,
    upper(event.currency) as currency_code,
    event._first_known_at as known_at
from event
left join scanned on event.id = scanned.event_id
where not coalesce(event.test_mode, false)
