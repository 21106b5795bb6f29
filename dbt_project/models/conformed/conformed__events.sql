with unioned as (
    {{ union_staged('events') }}
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
    source_system,
    known_at
from unioned
