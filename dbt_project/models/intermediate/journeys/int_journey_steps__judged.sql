-- One row per instance and stage it has reached, with when the stage was due and how its step went.
-- A stage of hours is due that many hours after entry, one of days when that many whole days are over.
with steps as (

    select * from {{ ref('int_journey_steps') }}
    where entered_at is not null

),

stages as (

    select * from {{ ref('dim_journey_stage') }}

),

due as (

    select
        steps.*,
        stages.segment_id,
        stages.stage_title,
        stages.owner_type,
        stages.owner_team,
        stages.next_action,
        stages.expected_days,
        stages.sla_days is not null or stages.sla_hours is not null as has_sla,
        coalesce(steps.passed_at, steps.ended_at) as left_at,
        case
            when stages.sla_hours is not null
                then {{ dbt.dateadd('hour', 'stages.sla_hours', 'steps.entered_at') }}
            else {{ end_of_day_after(
                'steps.entered_at', 'coalesce(stages.sla_days, stages.expected_days)'
            ) }}
        end as due_at,
        case
            when stages.sla_hours is not null
                then {{ local_date(dbt.dateadd('hour', 'stages.sla_hours', 'steps.entered_at')) }}
            else {{ add_days(
                local_date('steps.entered_at'), 'coalesce(stages.sla_days, stages.expected_days)'
            ) }}
        end as due_date,
        {{ end_of_day_after('steps.entered_at', 'stages.expected_days') }} as expected_by
    from steps
    inner join stages
        on
            steps.journey_id = stages.journey_id
            and steps.journey_version = stages.journey_version
            and steps.stage_no = stages.stage_no

)

select
    *,
    case
        when done_at > passed_at then 'out_of_order'
        when done_at < due_at then 'on_time'
        when done_at is not null then 'late'
        when left_at is not null then 'missed'
        when due_at < {{ as_of_timestamp() }} then 'overdue'
        else 'pending'
    end as step_status,
    -- passed over without a stay: a later step came first
    coalesce(passed_at = entered_at and (done_at is null or done_at > passed_at), false)
        as is_skipped
from due
