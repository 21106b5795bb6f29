with attendees as (
    select * from {{ ref('base_eventbrite__attendees') }}
),

events as (
    select * from {{ ref('stg_eventbrite__events') }}
)

select
    attendees.attendee_id as source_registration_id,
    attendees.event_id as source_event_id,
    attendees.record_id as source_record_id,
    attendees.registrant_email_key,
    attendees.registered_at,
    case when attendees.is_cancelled then attendees.cancelled_at end as cancelled_at,
    case when attendees.is_cancelled then 'cancelled' else 'registered' end as status,
    case when attendees.is_checked_in then attendees.checked_in_at end as checked_in_at,
    attendees.gross_minor as price_minor,
    attendees.currency_code,
    attendees.known_at
from attendees
inner join events on attendees.event_id = events.source_event_id
