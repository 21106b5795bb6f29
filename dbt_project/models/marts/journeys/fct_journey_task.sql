-- One row per thing the organisation has to do in a journey instance: the step of a stage it owns or
-- shares, and a nudge for a member who stays in their own stage for longer than expected.
with steps as (

    select * from {{ ref('int_journey_steps__judged') }}

),

owed as (

    select
        *,
        'step' as task_kind,
        entered_at as arises_at,
        due_date as to_do_date
    from steps
    where owner_type in ('organisation', 'shared')
    union all
    select
        *,
        'nudge' as task_kind,
        expected_by as arises_at,
        {{ local_date('expected_by') }} as to_do_date
    from steps
    where
        owner_type = 'member'
        and not is_skipped
        and expected_by < coalesce(left_at, {{ as_of_timestamp() }})

)

select
    {{ surrogate_key(['instance_id', 'stage_no', 'task_kind']) }} as task_id,
    instance_id,
    member_key,
    journey_id,
    cast(journey_version as integer) as journey_version,
    cast(stage_no as integer) as stage_no,
    stage_id,
    task_kind,
    next_action as task,
    owner_team,
    case
        when task_kind = 'nudge' then case
            when left_at is null and to_do_date < {{ as_of_date() }} then 'overdue'
            when left_at is null then 'open'
            when done_at = left_at then 'done'
            else 'missed'
        end
        when step_status = 'on_time' then 'done'
        when step_status in ('late', 'out_of_order') then 'done_late'
        when step_status = 'pending' then 'open'
        else step_status
    end as task_status,
    {{ local_date('arises_at') }} as arises_date,
    to_do_date as due_date,
    {{ local_date('done_at') }} as done_date
from owed
