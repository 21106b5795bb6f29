-- The strongest rule that ties each profile to its cluster.
with pairs as (
    select * from {{ ref('int_identity__pairs') }}
),

clusters as (
    select * from {{ ref('int_identity__clusters') }}
),

kept as (
    select
        pairs.profile_a,
        pairs.profile_b,
        pairs.rule_id
    from pairs
    inner join clusters as one on pairs.profile_a = one.profile_id
    inner join clusters as other on pairs.profile_b = other.profile_id
    where one.cluster_id = other.cluster_id
),

ends as (
    select
        profile_a as profile_id,
        rule_id
    from kept
    union all
    select
        profile_b as profile_id,
        rule_id
    from kept
)

select
    profile_id,
    min(rule_id) as rule_id
from ends
group by profile_id
