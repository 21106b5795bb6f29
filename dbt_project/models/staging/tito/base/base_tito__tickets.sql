-- Contact details of the booking belong to the attendee only when it holds a single ticket.
with ticket as (
    {{ raw_current('tito', 'ticket') }}
),

registrations as (
    select * from {{ ref('base_tito__registrations') }}
)

select
    ticket.id as ticket_key,
    cast(ticket.id as varchar) as ticket_id,
    {{ dbt.concat(["'ticket-'", 'cast(ticket.id as varchar)']) }} as record_id,
    registrations.event_id,
    registrations.currency_code,
    registrations.email_key as registrant_email_key,
    nullif(trim(ticket.first_name), '') as first_name,
    nullif(trim(ticket.last_name), '') as last_name,
    coalesce(
        nullif(trim(ticket.name), ''),
        case when registrations.ticket_count = 1 then registrations.full_name end
    ) as full_name,
    coalesce(ticket.email, case when registrations.ticket_count = 1 then registrations.email end) as email,
    coalesce(ticket.email_key, case when registrations.ticket_count = 1 then registrations.email_key end) as email_key,
    coalesce(ticket.phone_number_e164, case when registrations.ticket_count = 1 then registrations.phone_e164 end)
        as phone_e164,
    coalesce(ticket.void, false) or ticket.state = 'void' or registrations.is_cancelled as is_cancelled,
    registrations.cancelled_at,
    {{ to_minor('ticket.price', 'registrations.currency_code') }} as price_minor,
    ticket.created_at,
    ticket.updated_at,
    ticket._first_known_at as known_at
from ticket
inner join registrations on ticket.registration_id = registrations.registration_key
where not coalesce(ticket.test_mode, false)
