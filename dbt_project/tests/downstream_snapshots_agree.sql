-- Snapshots and daily report say of a day what the stage history says of it: people per stage, on some
-- days and the last month-ends; and the report carries each day on to the next. (All days are too
-- many to be looked at every night; tests/dbt looks at all of them.)
with days as (

    select {{ as_of_date() }} as day_date
    union all
    select {{ add_days(as_of_date(), -1) }} as day_date
    union all
    select {{ add_days(as_of_date(), -60) }} as day_date
    union all
    select distinct month_end_date as day_date
    from {{ ref('snap_member_month') }}
    where
        month_end_date > {{ add_days(as_of_date(), -60) }}
        and month_end_date < {{ add_days(as_of_date(), -1) }}

),

counts as (

    select
        'history' as counted_in,
        days.day_date,
        history.stage,
        count(*) as people
    from days
    inner join {{ ref('fct_lifecycle_stage_history') }} as history
        on
            days.day_date >= history.valid_from
            and (days.day_date < history.valid_to or history.valid_to is null)
    group by days.day_date, history.stage
    union all
    select
        'day' as counted_in,
        day_date,
        stage,
        count(*) as people
    from {{ ref('snap_member_day') }}
    where day_date in (select days.day_date from days)
    group by day_date, stage
    union all
    select
        'month' as counted_in,
        month_end_date as day_date,
        stage,
        count(*) as people
    from {{ ref('snap_member_month') }}
    where month_end_date in (select days.day_date from days)
    group by month_end_date, stage
    union all
    select
        'report' as counted_in,
        day_date,
        stage,
        people
    from {{ ref('rpt_stage_daily') }}
    where
        people > 0
        and day_date in (select days.day_date from days)

),

carried as (

    select
        day_date,
        stage,
        people,
        people_entered,
        people_left,
        lag(day_date) over (partition by stage order by day_date) as previous_date,
        lag(people) over (partition by stage order by day_date) as previous_people
    from {{ ref('rpt_stage_daily') }}

)

select
    day_date,
    stage,
    'not everywhere the same' as wrong,
    min(people) as fewest,
    max(people) as most
from counts
group by day_date, stage
having
    min(people) <> max(people)
    -- month-ends only are in the monthly snapshot
    or sum(case when counted_in = 'month' then 0 else 1 end) <> 3
union all
select
    day_date,
    stage,
    'not carried on' as wrong,
    people as fewest,
    previous_people + people_entered - people_left as most
from carried
where
    previous_date = {{ add_days('day_date', -1) }}
    and people <> previous_people + people_entered - people_left
