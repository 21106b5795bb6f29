-- Of which only the days are known, an event begins with its first day and ends with its last.
with event as (
    {{ raw_current('salesforce', 'event') }}
)

select
    id as event_id,
    name as event_name,
    lower(kind) as event_kind,
    lower(modality) as modality,
    lower(status) as status,
    upper(coalesce(currency, '{{ var("currency") }}')) as currency_code,
    coalesce(starts_at, {{ day_start_utc('starts_on') }}) as starts_at,
    coalesce(
        ends_at,
        {{ day_start_utc(add_days('ends_on', 1)) }},
        starts_at,
        {{ day_start_utc('starts_on') }}
    ) as ends_at,
    _first_known_at as known_at
from event
