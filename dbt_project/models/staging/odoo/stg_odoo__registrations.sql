with registrations as (
    select * from {{ ref('base_odoo__registrations') }}
)

select
    registration_id as source_registration_id,
    event_id as source_event_id,
    record_id as source_record_id,
    registrant_email_key,
    registered_at,
    case when is_cancelled then updated_at end as cancelled_at,
    case when is_cancelled then 'cancelled' else 'registered' end as status,
    case when state = 'done' then coalesce(attended_at, updated_at) end as checked_in_at,
    cast(null as bigint) as price_minor,
    cast(null as varchar) as currency_code,
    known_at
from registrations
