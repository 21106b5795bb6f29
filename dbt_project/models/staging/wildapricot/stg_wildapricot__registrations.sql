-- Neither cancelling nor checking in leaves a time: the day we saw the one, the event's begin for the other.
with registrations as (
    select * from {{ ref('base_wildapricot__registrations') }}
),

contacts as (
    select * from {{ ref('base_wildapricot__contacts') }}
),

events as (
    select * from {{ ref('stg_wildapricot__events') }}
),

currency as (
    select * from {{ ref('base_wildapricot__currency') }}
)

select
    registrations.registration_id as source_registration_id,
    registrations.event_id as source_event_id,
    registrations.record_id as source_record_id,
    coalesce(contacts.email_key, registrations.email_key) as registrant_email_key,
    registrations.registered_at,
    case when registrations.status = 'Canceled' then registrations.changed_at end as cancelled_at,
    case when registrations.status = 'Canceled' then 'cancelled' else 'registered' end as status,
    case when registrations.is_checked_in then events.starts_at end as checked_in_at,
    {{ to_minor('registrations.fee', 'currency.currency_code') }} as price_minor,
    currency.currency_code,
    registrations.known_at
from registrations
cross join currency
left join contacts on registrations.contact_id = contacts.contact_id
left join events on registrations.event_id = events.source_event_id
