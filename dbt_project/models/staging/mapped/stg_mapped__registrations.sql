with registrations as (
    {{ raw_current('mapped', 'registrations') }}
)

select
    source_system,
    source_registration_id,
    source_event_id,
    source_record_id,
    registrant_email_key,
    registered_at,
    cancelled_at,
    coalesce(status, case when cancelled_at is null then 'registered' else 'cancelled' end) as status,
    checked_in_at,
    price_minor,
    upper(coalesce(currency_code, '{{ var("currency") }}')) as currency_code,
    _first_known_at as known_at
from registrations
