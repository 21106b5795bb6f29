with events as (
    {{ raw_current('mapped', 'events') }}
)

select
    source_system,
    source_event_id,
    event_name,
    event_kind,
    modality,
    starts_at,
    coalesce(ends_at, starts_at) as ends_at,
    coalesce(has_capture, false) as has_capture,
    coalesce(is_cancelled, false) as is_cancelled,
    currency_code,
    _first_known_at as known_at
from events
