with tickets as (
    select * from {{ ref('base_tito__tickets') }}
),

checkin as (
    {{ raw_current('tito', 'checkin') }}
),

entries as (
    select
        ticket_id as ticket_key,
        min(created_at) as checked_in_at
    from checkin
    group by ticket_id
)

select
    tickets.ticket_id as source_registration_id,
    tickets.event_id as source_event_id,
    tickets.record_id as source_record_id,
    tickets.registrant_email_key,
    tickets.created_at as registered_at,
    case when tickets.is_cancelled then coalesce(tickets.cancelled_at, tickets.updated_at) end as cancelled_at,
    case when tickets.is_cancelled then 'cancelled' else 'registered' end as status,
    entries.checked_in_at,
    tickets.price_minor,
    tickets.currency_code,
    tickets.known_at
from tickets
left join entries on tickets.ticket_key = entries.ticket_key
