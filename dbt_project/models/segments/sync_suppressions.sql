-- One row per person, address, channel and reason not to write. Any one of them is enough: a
-- suppression is never outweighed by a consent.
with consents as (

    select * from {{ ref('conformed__consents') }}
    where status = 'suppressed'

),

people as (

    select * from {{ ref('conformed__people') }}

),

identity as (

    select * from {{ ref('int_identity__current') }}

)

select
    identity.member_key,
    people.email_key,
    consents.channel,
    consents.reason,
    min(consents.occurred_at) as since
from consents
left join people
    on
        consents.source_system = people.source_system
        and consents.source_record_id = people.source_record_id
left join identity
    on
        consents.source_system = identity.source_system
        and consents.source_record_id = identity.source_record_id
where
    identity.member_key is not null
    or people.email_key is not null
group by identity.member_key, people.email_key, consents.channel, consents.reason
