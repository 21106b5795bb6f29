-- One row per stage of a version of a journey: how its step went in the instances that reached it,
-- and how long the stage took. Conformance = on time / all steps whose fate is known.
with stages as (

    select * from {{ ref('dim_journey_stage') }}

),

steps as (

    select * from {{ ref('int_journey_steps__judged') }}

),

visits as (

    select * from {{ ref('fct_journey_stage') }}
    where left_by = 'done'

),

counted as (

    select
        journey_id,
        journey_version,
        stage_no,
        count(*) as reached,
        sum(case when step_status = 'on_time' then 1 else 0 end) as on_time,
        sum(case when step_status = 'late' then 1 else 0 end) as late,
        sum(case when step_status = 'missed' then 1 else 0 end) as missed,
        sum(case when step_status = 'out_of_order' then 1 else 0 end) as out_of_order,
        sum(case when step_status = 'overdue' then 1 else 0 end) as overdue,
        sum(case when step_status = 'pending' then 1 else 0 end) as pending
    from steps
    group by journey_id, journey_version, stage_no

),

cycles as (

    select
        journey_id,
        journey_version,
        stage_no,
        percentile_cont(0.1) within group (order by hours_in_stage) as p10_hours,
        percentile_cont(0.5) within group (order by hours_in_stage) as median_hours,
        percentile_cont(0.9) within group (order by hours_in_stage) as p90_hours
    from visits
    group by journey_id, journey_version, stage_no

),

joined as (

    select
        stages.journey_id,
        stages.journey_version,
        stages.stage_no,
        stages.stage_id,
        stages.stage_title,
        stages.owner_type,
        stages.owner_team,
        coalesce(counted.reached, 0) as reached,
        coalesce(counted.on_time, 0) as on_time,
        coalesce(counted.late, 0) as late,
        coalesce(counted.missed, 0) as missed,
        coalesce(counted.out_of_order, 0) as out_of_order,
        coalesce(counted.overdue, 0) as overdue,
        coalesce(counted.pending, 0) as pending,
        coalesce(
            counted.on_time + counted.late + counted.missed + counted.out_of_order + counted.overdue, 0
        ) as judged,
        cycles.p10_hours,
        cycles.median_hours,
        cycles.p90_hours
    from stages
    left join counted
        on
            stages.journey_id = counted.journey_id
            and stages.journey_version = counted.journey_version
            and stages.stage_no = counted.stage_no
    left join cycles
        on
            stages.journey_id = cycles.journey_id
            and stages.journey_version = cycles.journey_version
            and stages.stage_no = cycles.stage_no

)

select
    journey_id,
    journey_version,
    stage_no,
    stage_id,
    stage_title,
    owner_type,
    owner_team,
    cast(reached as integer) as reached,
    cast(on_time as integer) as on_time,
    cast(late as integer) as late,
    cast(missed as integer) as missed,
    cast(out_of_order as integer) as out_of_order,
    cast(overdue as integer) as overdue,
    cast(pending as integer) as pending,
    cast(judged as integer) as judged,
    {{ share('on_time', 'judged') }} as conformance,
    {{ wilson_bound('on_time', 'judged', 'low') }} as conformance_low,
    {{ wilson_bound('on_time', 'judged', 'high') }} as conformance_high,
    p10_hours,
    median_hours,
    p90_hours
from joined
