-- The stays of a journey instance follow each other without gap or overlap from its start to its end;
-- an open instance has exactly one open stay, its last, and an ended one has none.
with stays as (

    select
        *,
        lag(left_at) over (partition by instance_id order by stage_no) as left_before_at,
        row_number() over (partition by instance_id order by stage_no) as from_first,
        row_number() over (partition by instance_id order by stage_no desc) as from_last
    from {{ ref('fct_journey_stage') }}

)

select
    stays.instance_id,
    stays.stage_no,
    stays.entered_at,
    stays.left_at
from stays
inner join {{ ref('fct_journey_instance') }} as instances
    on stays.instance_id = instances.instance_id
where
    stays.left_at < stays.entered_at
    or (stays.from_first = 1 and stays.entered_at <> instances.started_at)
    or (stays.from_first > 1 and (stays.left_before_at is null or stays.left_before_at <> stays.entered_at))
    or (stays.from_last = 1 and stays.left_at is distinct from instances.ended_at)
    or (stays.from_last > 1 and stays.left_at is null)
