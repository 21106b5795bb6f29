-- One stage per person per day: stays follow each other without gap or overlap, neighbours differ,
-- and exactly the last one is open.
with history as (

    select
        *,
        lead(valid_from) over (partition by member_key order by valid_from) as next_valid_from,
        lag(stage) over (partition by member_key order by valid_from) as stage_before
    from {{ ref('fct_lifecycle_stage_history') }}

)

select
    member_key,
    stage,
    prev_stage,
    valid_from,
    valid_to,
    next_valid_from
from history
where
    valid_from >= valid_to
    or valid_to is distinct from next_valid_from
    or stage = stage_before
    or prev_stage is distinct from stage_before
