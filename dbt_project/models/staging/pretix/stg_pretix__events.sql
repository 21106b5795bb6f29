with event as (
    {{ raw_current('pretix', 'event') }}
),

checkin as (
    {{ raw_current('pretix', 'checkin') }}
),

scanned as (
    select distinct event as event_id
    from checkin
    where successful
)

select
    event.slug as source_event_id,
    {{ json_text('event.name') }} as event_name,
    {{ json_get('event.meta_data', 'kind') }} as event_kind,
    {{ json_get('event.meta_data', 'modality') }} as modality,
    event.date_from as starts_at,
    coalesce(event.date_to, event.date_from) as ends_at,
    -- Without a word from the organiser, a first scan shows that attendance is recorded.
    coalesce({{ json_get('event.meta_data', 'capture') }} = 'yes', scanned.event_id is not null) as has_capture,
    false as is_cancelled,
    upper(event.currency) as currency_code,
    event._first_known_at as known_at
from event
left join scanned on event.slug = scanned.event_id
where not coalesce(event.testmode, false)
