-- One row per move of a journey instance: into its first stage, from stage to stage, and out of it.
with visits as (

    select * from {{ ref('fct_journey_stage') }}

),

instances as (

    select * from {{ ref('fct_journey_instance') }}

),

ordered as (

    select
        *,
        lag(stage_id) over (partition by instance_id order by stage_no) as stage_before,
        lag(hours_in_stage) over (partition by instance_id order by stage_no) as hours_before,
        row_number() over (partition by instance_id order by stage_no desc) as from_last
    from visits

),

moves as (

    select
        instance_id,
        member_key,
        journey_id,
        journey_version,
        coalesce(stage_before, 'start') as from_stage,
        stage_id as to_stage,
        stage_no as move_no,
        hours_before,
        entered_at as moved_at
    from ordered
    union all
    select
        ordered.instance_id,
        ordered.member_key,
        ordered.journey_id,
        ordered.journey_version,
        ordered.stage_id as from_stage,
        instances.outcome as to_stage,
        ordered.stage_no + 1 as move_no,
        ordered.hours_in_stage as hours_before,
        instances.ended_at as moved_at
    from ordered
    inner join instances on ordered.instance_id = instances.instance_id
    where ordered.from_last = 1 and not instances.is_open

)

select
    {{ surrogate_key(['instance_id', 'move_no']) }} as transition_id,
    instance_id,
    member_key,
    journey_id,
    journey_version,
    from_stage,
    to_stage,
    cast(move_no as integer) as move_no,
    hours_before,
    {{ local_date('moved_at') }} as moved_date,
    moved_at
from moves
