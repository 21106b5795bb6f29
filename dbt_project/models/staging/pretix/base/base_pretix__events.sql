-- Single events and whole series as pretix keeps them: what orders belong to.
with event as (
    {{ raw_current('pretix', 'event') }}
)

select
    slug,
    {{ json_text('event.name') }} as event_name,
    {{ json_get('event.meta_data', 'kind') }} as event_kind,
    {{ json_get('event.meta_data', 'modality') }} as modality,
    {{ json_get('event.meta_data', 'capture') }} as capture,
    date_from as starts_at,
    coalesce(date_to, date_from) as ends_at,
    coalesce(has_subevents, false) as is_series,
    upper(currency) as currency_code,
    _first_known_at as known_at
from event
where not coalesce(testmode, false)
