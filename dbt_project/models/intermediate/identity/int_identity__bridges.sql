-- Links made by hand, as edges between what the rules have joined.
with decided_pairs as (
    select * from {{ ref('int_identity__decided_pairs') }}
    where kind = 'link'
),

labels as (
    select * from {{ ref('int_identity__labels') }}
),

ends as (
    select
        coalesce(one.label_id, decided_pairs.profile_a) as label_a,
        coalesce(other.label_id, decided_pairs.profile_b) as label_b
    from decided_pairs
    left join labels as one on decided_pairs.profile_a = one.profile_id
    left join labels as other on decided_pairs.profile_b = other.profile_id
)

select distinct
    label_a as profile_a,
    label_b as profile_b
from ends
where label_a <> label_b
