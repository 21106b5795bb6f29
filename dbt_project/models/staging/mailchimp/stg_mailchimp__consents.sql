-- What the audience says about an address. Being subscribed is no consent: a contact may have been
-- imported. Leaving is binding.
with members as (
    select * from {{ ref('base_mailchimp__members') }}
)

select
    {{ dbt.concat(['member_id', "'-'", 'status']) }} as source_consent_id,
    member_id as source_record_id,
    'email' as channel,
    'all' as purpose,
    'suppressed' as status,
    case
        when status = 'cleaned' then 'hard_bounce'
        when lower(unsubscribe_reason) like '%abuse%' or lower(unsubscribe_reason) like '%spam%' then 'complaint'
        else 'unsubscribed'
    end as reason,
    updated_at as occurred_at,
    'audience status' as evidence,
    known_at
from members
where status in ('unsubscribed', 'cleaned')
