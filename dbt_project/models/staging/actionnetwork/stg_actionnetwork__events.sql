-- Answers to invitations are kept, attendance is not.
with event as (
    {{ raw_current('actionnetwork', 'event') }}
)

select
    id as source_event_id,
    title as event_name,
    cast(null as varchar) as event_kind,
    cast(null as varchar) as modality,
    start_date as starts_at,
    coalesce(end_date, start_date) as ends_at,
    false as has_capture,
    coalesce(status, '') = 'cancelled' as is_cancelled,
    cast(null as varchar) as currency_code,
    _first_known_at as known_at
from event
