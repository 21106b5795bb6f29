-- Who each record is now. Facts join this on (source_system, source_record_id) to get member_key.
with map as (
    select * from {{ ref('map_identity') }}
    where valid_to is null
),

assigned as (
    select * from {{ ref('int_identity__assigned') }}
)

select
    map.source_system,
    map.source_record_id,
    map.person_key as member_key,
    map.rule_id,
    map.status,
    map.score,
    assigned.is_record_current,
    map.valid_from
from map
inner join assigned
    on map.source_system = assigned.source_system and map.source_record_id = assigned.source_record_id
