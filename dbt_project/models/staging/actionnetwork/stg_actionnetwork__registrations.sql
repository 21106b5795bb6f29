with attendance as (
    {{ raw_current('actionnetwork', 'attendance') }}
),

person as (
    {{ raw_current('actionnetwork', 'person') }}
)

select
    attendance.id as source_registration_id,
    attendance.parent_id as source_event_id,
    attendance.person_id as source_record_id,
    person.email_key as registrant_email_key,
    attendance.created_date as registered_at,
    case when attendance.status = 'declined' then attendance.modified_date end as cancelled_at,
    case when attendance.status = 'declined' then 'cancelled' else 'registered' end as status,
    cast(null as timestamp) as checked_in_at,
    cast(null as bigint) as price_minor,
    cast(null as varchar) as currency_code,
    attendance._first_known_at as known_at
from attendance
left join person on attendance.person_id = person.id
where attendance.status in ('accepted', 'declined')
