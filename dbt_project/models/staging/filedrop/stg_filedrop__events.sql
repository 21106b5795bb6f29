with events as (
    {{ raw_current('filedrop', 'events') }}
)

select
    source_event_id,
    event_name,
    event_kind,
    modality,
    starts_at,
    ends_at,
    has_capture,
    is_cancelled,
    currency_code,
    _first_known_at as known_at
from events
