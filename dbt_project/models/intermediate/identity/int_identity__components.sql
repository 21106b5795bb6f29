-- What all rules together would join, before the guard has looked at it.
with labels as (
    {{ connected_components(ref('int_identity__pairs')) }}
),

profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

members as (
    select
        profiles.profile_id,
        profiles.birth_date,
        profiles.member_number,
        labels.component_id
    from profiles
    inner join labels on profiles.profile_id = labels.node_id
),

judged as (
    select
        component_id,
        count(*) as profile_count,
        case
            when count(distinct birth_date) > 1 then 'birth_dates_differ'
            when count(distinct member_number) > 1 then 'member_numbers_differ'
            when count(*) > {{ var('cluster_guard') }} then 'too_large'
        end as guard_reason
    from members
    group by component_id
)

select
    members.profile_id,
    members.component_id,
    judged.profile_count,
    judged.guard_reason
from members
inner join judged on members.component_id = judged.component_id
