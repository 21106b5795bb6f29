-- Being subscribed is no consent: people are imported, and whoever signs anything is subscribed. Whatever
-- else the status says is binding, an earlier bounce or complaint too.
with person as (
    {{ raw_current('actionnetwork', 'person') }}
),

addresses as (
    select
        id,
        'email' as channel,
        email_status as address_status,
        modified_date,
        _first_known_at as known_at
    from person
    where email is not null
    union all
    select
        id,
        'sms' as channel,
        phone_status as address_status,
        modified_date,
        _first_known_at as known_at
    from person
    where phone is not null
)

select
    {{ dbt.concat(['id', "'-'", 'channel']) }} as source_consent_id,
    id as source_record_id,
    channel,
    'all' as purpose,
    'suppressed' as status,
    case
        when address_status like '%bounc%' then 'hard_bounce'
        when address_status like '%spam%' then 'complaint'
        else 'unsubscribed'
    end as reason,
    modified_date as occurred_at,
    address_status as evidence,
    known_at
from addresses
where address_status <> 'subscribed'
