with registrations as (
    {{ raw_current('filedrop', 'registrations') }}
)

select
    source_registration_id,
    source_event_id,
    source_record_id,
    registrant_email_key,
    registered_at,
    cancelled_at,
    status,
    checked_in_at,
    price_minor,
    currency_code,
    _first_known_at as known_at
from registrations
