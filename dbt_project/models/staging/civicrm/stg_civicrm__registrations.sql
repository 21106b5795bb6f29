-- CiviCRM keeps neither when somebody came (the event's begin stands for it) nor when they cancelled (the
-- record's last change does).
with participants as (
    select * from {{ ref('base_civicrm__participants') }}
),

contacts as (
    select * from {{ ref('base_civicrm__contacts') }}
),

events as (
    select * from {{ ref('stg_civicrm__events') }}
),

bookers as (
    select
        participants.participant_key,
        contacts.email_key
    from participants
    left join contacts on participants.contact_id = contacts.contact_id
),

priced as (
    select
        participants.*,
        events.starts_at,
        upper(coalesce(participants.fee_currency, events.currency_code)) as currency_code
    from participants
    inner join events on participants.event_id = events.source_event_id
)

select
    priced.participant_id as source_registration_id,
    priced.event_id as source_event_id,
    priced.contact_id as source_record_id,
    bookers.email_key as registrant_email_key,
    priced.registered_at,
    case when priced.status = 'cancelled' then priced.changed_at end as cancelled_at,
    priced.status,
    case when priced.has_attended then coalesce(priced.starts_at, priced.changed_at) end as checked_in_at,
    {{ to_minor('priced.fee_amount', 'priced.currency_code') }} as price_minor,
    priced.currency_code,
    priced.known_at
from priced
left join bookers on coalesce(priced.registered_by_id, priced.participant_key) = bookers.participant_key
