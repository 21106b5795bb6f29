-- The strongest rule that ties each profile to its cluster; what a person has linked counts first.
with pairs as (
    select
        profile_a,
        profile_b,
        rule_id
    from {{ ref('int_identity__pairs') }}
    union all
    select
        profile_a,
        profile_b,
        'M' as rule_id
    from {{ ref('int_identity__decided_pairs') }}
    where kind = 'link'
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
