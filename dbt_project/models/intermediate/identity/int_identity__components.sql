-- What the automatic rules together would join, and why the guard refuses it, if it does.
with labels as (
    select * from {{ ref('int_identity__labels') }}
),

conflicts as (
    select
        one.label_id,
        min(cannot_links.reason) as reason
    from {{ ref('int_identity__cannot_links') }} as cannot_links
    inner join labels as one on cannot_links.profile_a = one.profile_id
    inner join labels as other on cannot_links.profile_b = other.profile_id and one.label_id = other.label_id
    group by one.label_id
),

sizes as (
    select
        label_id,
        count(*) as profile_count
    from labels
    group by label_id
)

select
    labels.profile_id,
    labels.label_id as component_id,
    sizes.profile_count,
    case
        when conflicts.reason is not null then conflicts.reason
        when sizes.profile_count > {{ var('cluster_guard') }} then 'too_large'
    end as guard_reason
from labels
inner join sizes on labels.label_id = sizes.label_id
left join conflicts on labels.label_id = conflicts.label_id
