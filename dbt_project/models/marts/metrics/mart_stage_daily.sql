-- One row per day of the last 400 days, stage, plan and tenure band: how many people are in it at
-- the end of the day, and how many entered and left the stage on it. Steps up and down are added
-- up over the days; people are never multiplied by days.
{%- set first_day = add_days(as_of_date(), -399) %}
with states as (

    select
        stage,
        coalesce(plan_code, 'none') as plan_code,
        tenure_band,
        is_stage_entered,
        is_stage_left,
        valid_from,
        valid_to
    from {{ ref('fct_member_state_history') }}
    where
        valid_to is null
        or valid_to >= {{ first_day }}

),

spine as (

    {{ days_back(400) }}

),

steps as (

    select
        case when valid_from < {{ first_day }} then {{ first_day }} else valid_from end as day_date,
        stage,
        plan_code,
        tenure_band,
        1 as people,
        case when is_stage_entered and valid_from >= {{ first_day }} then 1 else 0 end as entered,
        0 as left_stage
    from states
    where
        valid_to is null
        or valid_to > {{ first_day }}
    union all
    select
        valid_to as day_date,
        stage,
        plan_code,
        tenure_band,
        case when valid_to > {{ first_day }} then -1 else 0 end as people,
        0 as entered,
        case when is_stage_left then 1 else 0 end as left_stage
    from states
    where valid_to is not null

),

daily_steps as (

    select
        day_date,
        stage,
        plan_code,
        tenure_band,
        sum(people) as people,
        sum(entered) as entered,
        sum(left_stage) as left_stage
    from steps
    group by day_date, stage, plan_code, tenure_band

),

slices as (

    select distinct
        stage,
        plan_code,
        tenure_band
    from daily_steps

),

running as (

    select
        spine.day_date,
        slices.stage,
        slices.plan_code,
        slices.tenure_band,
        sum(coalesce(daily_steps.people, 0)) over (
            partition by slices.stage, slices.plan_code, slices.tenure_band
            order by spine.day_date
            rows between unbounded preceding and current row
        ) as people,
        coalesce(daily_steps.entered, 0) as entered,
        coalesce(daily_steps.left_stage, 0) as left_stage
    from spine
    cross join slices
    left join daily_steps
        on
            spine.day_date = daily_steps.day_date
            and slices.stage = daily_steps.stage
            and slices.plan_code = daily_steps.plan_code
            and slices.tenure_band = daily_steps.tenure_band

)

select
    stage,
    cast({{ stage_label('stage') }} as {{ dbt.type_string() }}) as stage_label,
    plan_code,
    tenure_band,
    cast(people as bigint) as people,
    cast(entered as bigint) as people_entered,
    cast(left_stage as bigint) as people_left,
    day_date
from running
where people > 0 or entered > 0 or left_stage > 0
