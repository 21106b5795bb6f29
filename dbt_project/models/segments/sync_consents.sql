-- One row per person, channel and purpose with the consent that holds now. Each record speaks by its
-- latest statement, of two made at the same moment by the stricter, and a refusal without a date holds
-- against every grant. Of several records of one person the strictest wins, whichever is the latest: who
-- was merged did not consent again by it.
with consents as (

    select * from {{ ref('conformed__consents') }}
    where status in ('granted', 'withdrawn')

),

identity as (

    select * from {{ ref('int_identity__current') }}

),

stated as (

    select
        identity.member_key,
        consents.channel,
        consents.purpose,
        consents.status,
        consents.reason,
        consents.occurred_at,
        consents.source_system,
        consents.source_consent_id,
        consents.evidence,
        row_number() over (
            partition by consents.source_system, consents.source_record_id, consents.channel, consents.purpose
            order by
                case
                    when consents.occurred_at is not null then 1
                    when consents.status = 'withdrawn' then 0
                    else 2
                end,
                consents.occurred_at desc,
                case when consents.status = 'withdrawn' then 0 else 1 end,
                consents.source_consent_id
        ) as recency
    from consents
    inner join identity
        on
            consents.source_system = identity.source_system
            and consents.source_record_id = identity.source_record_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by member_key, channel, purpose
            order by
                case when status = 'withdrawn' then 0 else 1 end,
                case when occurred_at is null then 1 else 0 end,
                occurred_at desc,
                source_system,
                source_consent_id
        ) as strictness
    from stated
    where recency = 1

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
where strictness = 1
