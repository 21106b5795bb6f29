-- People in = people out: dim_member holds each person with a living record once, and nobody else.
with mapped as (
    select distinct member_key
    from {{ ref('int_identity__current') }}
    where is_record_current
),

members as (
    select
        member_key,
        count(*) as versions
    from {{ ref('dim_member') }}
    where is_current
    group by member_key
)

select
    coalesce(mapped.member_key, members.member_key) as member_key,
    members.versions
from mapped
full outer join members on mapped.member_key = members.member_key
where mapped.member_key is null or coalesce(members.versions, 0) <> 1
