-- Keys that are gone because their person was merged into another, and where to look instead.
with map as (
    select * from {{ ref('map_identity') }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
),

in_use as (
    select distinct member_key
    from current_map
),

followed as (
    select
        map.person_key as old_person_key,
        current_map.member_key as person_key,
        max(map.valid_to) as redirected_at,
        count(*) as record_count
    from map
    inner join current_map
        on map.source_system = current_map.source_system and map.source_record_id = current_map.source_record_id
    left join in_use on map.person_key = in_use.member_key
    where map.valid_to is not null and in_use.member_key is null
    group by map.person_key, current_map.member_key
),

ranked as (
    select
        old_person_key,
        person_key,
        redirected_at,
        row_number() over (partition by old_person_key order by record_count desc, person_key) as target_rank
    from followed
)

select
    old_person_key,
    person_key,
    redirected_at
from ranked
where target_rank = 1
