with event as (
    {{ raw_current('wildapricot', 'event') }}
),

currency as (
    select * from {{ ref('base_wildapricot__currency') }}
)

select
    cast(event.id as varchar) as source_event_id,
    event.name as event_name,
    cast(null as varchar) as event_kind,
    cast(null as varchar) as modality,
    event.starts_at,
    coalesce(event.ends_at, event.starts_at) as ends_at,
    -- Check-in is optional: a first one shows that attendance is recorded.
    coalesce(event.checked_in, 0) > 0 as has_capture,
    false as is_cancelled,
    currency.currency_code,
    event._first_known_at as known_at
from event
cross join currency
