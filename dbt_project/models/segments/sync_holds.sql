-- One row per person and reason for which nobody writes to them for now.
with holds as (

    select * from {{ ref('conformed__holds') }}

),

identity as (

    select * from {{ ref('int_identity__current') }}

)

select
    identity.member_key,
    holds.hold,
    min(holds.since) as since
from holds
inner join identity
    on
        holds.source_system = identity.source_system
        and holds.source_record_id = identity.source_record_id
group by identity.member_key, holds.hold
