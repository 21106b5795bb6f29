with registrants as (
    select * from {{ ref('base_zoom__registrants') }}
),

attendance as (
    select * from {{ ref('base_zoom__attendance') }}
)

select
    registrants.record_id as source_registration_id,
    cast(registrants.webinar_id as varchar) as source_event_id,
    registrants.record_id as source_record_id,
    registrants.email_key as registrant_email_key,
    coalesce(registrants.registered_at, registrants.known_at) as registered_at,
    case when not registrants.is_registered then registrants.cancelled_at end as cancelled_at,
    case when registrants.is_registered then 'registered' else 'cancelled' end as status,
    attendance.checked_in_at,
    cast(null as bigint) as price_minor,
    cast(null as varchar) as currency_code,
    registrants.known_at
from registrants
left join attendance
    on
        registrants.webinar_id = attendance.webinar_id
        and registrants.registrant_id = attendance.registrant_id
