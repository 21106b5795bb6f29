-- One row per instance and stage it has reached, with when the stage was due and how its step went.
-- Hours are due that many hours after the entry (or the start), days when so many whole days are over.
with steps as (

    select * from {{ ref('int_journey_steps') }}
    where entered_at is not null

),

stages as (

    select * from {{ ref('dim_journey_stage') }}

),

owned as (

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
        stages.sla_hours,
        coalesce(stages.sla_days, stages.expected_days) as due_days,
        case when stages.sla_from = 'start' then steps.opened_at else steps.entered_at end
            as counted_from_at,
        {{ end_of_day_after('steps.entered_at', 'stages.expected_days') }} as expected_by
    from steps
    inner join stages
        on
            steps.journey_id = stages.journey_id
            and steps.journey_version = stages.journey_version
            and steps.stage_no = stages.stage_no

),

due as (

    select
        *,
        case
            when sla_hours is not null
                then {{ dbt.dateadd('hour', 'sla_hours', 'counted_from_at') }}
            else {{ end_of_day_after('counted_from_at', 'due_days') }}
        end as due_at,
        case
            when sla_hours is not null
                then {{ local_date(dbt.dateadd('hour', 'sla_hours', 'counted_from_at')) }}
            else {{ add_days(local_date('counted_from_at'), 'due_days') }}
        end as due_date
    from owned

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
