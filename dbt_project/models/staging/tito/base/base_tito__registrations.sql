with registration as (
    {{ raw_current('tito', 'registration') }}
),

events as (
    select * from {{ ref('stg_tito__events') }}
)

select
    registration.id as registration_key,
    {{ dbt.concat(["'registration-'", 'cast(registration.id as varchar)']) }} as record_id,
    events.source_event_id as event_id,
    events.currency_code,
    nullif(trim(registration.name), '') as full_name,
    registration.email,
    registration.email_key,
    registration.phone_number_e164 as phone_e164,
    registration.payment_option_name,
    coalesce(registration.cancelled, false) as is_cancelled,
    coalesce(registration.payment_complete, false) and not coalesce(registration.free, false) as is_paid,
    coalesce(registration.tickets_count, 0) as ticket_count,
    {{ to_minor('registration.total', 'events.currency_code') }} as total_minor,
    registration.created_at,
    registration.completed_at,
    registration.cancelled_at,
    registration.updated_at,
    registration._first_known_at as known_at
from registration
inner join events on cast(registration.event_id as varchar) = events.source_event_id
where not coalesce(registration.test_mode, false)
