-- Who was only invited is not registered. Where an org notes that somebody came, but not when, they
-- came when the event began.
with registration as (
    {{ raw_current('salesforce', 'registration') }}
),

events as (
    select * from {{ ref('base_salesforce__events') }}
),

winners as (
    select * from {{ ref('base_salesforce__merges') }}
),

named as (
    select
        registration.*,
        lower(registration.status) as status_word,
        coalesce(winners.winner_id, registration.contact_id) as record_id,
        upper(coalesce(registration.currency, events.currency_code, '{{ var("currency") }}')) as currency_code,
        events.starts_at as event_starts_at
    from registration
    left join events on registration.event_id = events.event_id
    left join winners on registration.contact_id = winners.merged_id
)

select
    id as source_registration_id,
    event_id as source_event_id,
    record_id as source_record_id,
    email_key as registrant_email_key,
    coalesce(registered_at, {{ day_start_utc('registered_on') }}, created_at) as registered_at,
    case when status_word like '%cancel%' then modified_at end as cancelled_at,
    case
        when status_word like '%cancel%' then 'cancelled'
        when status_word like '%expired%' then 'expired'
        else 'registered'
    end as status,
    coalesce(checked_in_at, case when has_attended or status_word like 'attended%' then event_starts_at end)
        as checked_in_at,
    {{ to_minor('price', 'currency_code') }} as price_minor,
    currency_code,
    _first_known_at as known_at
from named
where
    event_id is not null
    and (coalesce(is_registered, true) or status_word like '%cancel%')
