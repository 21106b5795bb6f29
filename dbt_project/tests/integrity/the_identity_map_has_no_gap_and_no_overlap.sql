-- A record belongs to one person at a time: each row ends where the next one begins, the last is open.
with map as (
    select
        source_system,
        source_record_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by source_system, source_record_id
            order by valid_from
        ) as next_valid_from
    from {{ ref('map_identity') }}
)

select *
from map
where
    (next_valid_from is null and valid_to is not null)
    or (next_valid_from is not null and (valid_to is null or valid_to <> next_valid_from))
