with unioned as (
    {{ union_staged('registrations') }}
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
    source_system,
    known_at
from unioned
