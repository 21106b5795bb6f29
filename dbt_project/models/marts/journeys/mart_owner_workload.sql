-- One row per team, journey and stage with something for the team to do.
with tasks as (

    select
        *,
        {{ days_between(as_of_date(), 'due_date') }} as days_left
    from {{ ref('fct_journey_task') }}
    where task_status in ('open', 'overdue')

),

visits as (

    select * from {{ ref('fct_journey_stage') }}
    where is_open

)

select
    tasks.owner_team,
    tasks.journey_id,
    tasks.stage_id,
    cast(count(distinct tasks.member_key) as integer) as people,
    cast(
        sum(case when visits.owner_type in ('organisation', 'shared') then 1 else 0 end) as integer
    ) as open_stages,
    cast(sum(case when tasks.task_kind = 'nudge' then 1 else 0 end) as integer) as open_nudges,
    cast(sum(case when tasks.task_status = 'overdue' then 1 else 0 end) as integer) as overdue,
    cast(
        sum(case when tasks.task_status = 'open' and tasks.days_left <= 7 then 1 else 0 end) as integer
    ) as due_next_7_days,
    cast(
        sum(case when tasks.task_status = 'open' and tasks.days_left <= 30 then 1 else 0 end) as integer
    ) as due_next_30_days,
    cast(sum(case when visits.is_sla_breached then 1 else 0 end) as integer) as sla_breached,
    min(tasks.due_date) as earliest_due_date
from tasks
inner join visits
    on
        tasks.instance_id = visits.instance_id
        and tasks.stage_no = visits.stage_no
group by tasks.owner_team, tasks.journey_id, tasks.stage_id
