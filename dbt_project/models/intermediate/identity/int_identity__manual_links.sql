-- Links made by hand, as edges between the parts that the rules have made.
with decided_pairs as (
    select * from {{ ref('int_identity__decided_pairs') }}
    where kind = 'link'
),

parts as (
    select * from {{ ref('int_identity__parts') }}
)

select
    least(one.part_id, other.part_id) as profile_a,
    greatest(one.part_id, other.part_id) as profile_b,
    {{ dbt.bool_or('decided_pairs.is_forced') }} as is_forced
from decided_pairs
inner join parts as one on decided_pairs.profile_a = one.profile_id
inner join parts as other on decided_pairs.profile_b = other.profile_id
where one.part_id <> other.part_id
group by least(one.part_id, other.part_id), greatest(one.part_id, other.part_id)
