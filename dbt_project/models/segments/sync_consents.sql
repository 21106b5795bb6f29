-- One row per person, channel and purpose with the consent that holds now: the latest statement, and
-- of two made at the same moment the stricter. A refusal without a date holds against every grant.
with consents as (

    select * from {{ ref('conformed__consents') }}
    where status in ('granted', 'withdrawn')

),

identity as (

    select * from {{ ref('int_identity__current') }}

),

ranked as (

    select
        identity.member_key,
        consents.channel,
        consents.purpose,
        consents.status,
        consents.reason,
        consents.occurred_at,
        consents.source_system,
        consents.evidence,
        row_number() over (
            partition by identity.member_key, consents.channel, consents.purpose
            order by
                case
                    when consents.occurred_at is not null then 1
                    when consents.status = 'withdrawn' then 0
                    else 2
                end,
                consents.occurred_at desc,
                case when consents.status = 'withdrawn' then 0 else 1 end,
                consents.source_system,
                consents.source_consent_id
        ) as precedence
    from consents
    inner join identity
        on
            consents.source_system = identity.source_system
            and consents.source_record_id = identity.source_record_id

)

select
    member_key,
    channel,
    purpose,
    status,
    reason,
    occurred_at,
    source_system,
    evidence
from ranked
where precedence = 1
