-- A snapshot says of a day what the stage history says of it: people per stage, on some days and the
-- last month-ends; and the daily report carries each day on to the next. (All days are too many to
-- be looked at every night; tests/dbt looks at all of them.)
with days as (

    select {{ as_of_date() }} as day_date
    union all
    select {{ add_days(as_of_date(), -1) }} as day_date
    union all
    select {{ add_days(as_of_date(), -60) }} as day_date
    union all
    select distinct month_end_date as day_date
    from {{ ref('snap_member_month') }}
    where month_end_date between {{ add_days(as_of_date(), -59) }} and {{ add_days(as_of_date(), -2) }}

),

expected as (

    select
        days.day_date,
        history.stage,
        count(*) as people
    from days
    inner join {{ ref('fct_lifecycle_stage_history') }} as history
        on
            days.day_date >= history.valid_from
            and (days.day_date < history.valid_to or history.valid_to is null)
    group by days.day_date, history.stage

),

found as (

    select
        'day' as snapshot,
        day_date,
        stage,
        count(*) as people
    from {{ ref('snap_member_day') }}
    group by day_date, stage
    union all
    select
        'month' as snapshot,
        month_end_date as day_date,
        stage,
        count(*) as people
    from {{ ref('snap_member_month') }}
    where month_end_date in (select day_date from days)
    group by month_end_date, stage
    union all
    select
        'report' as snapshot,
        day_date,
        stage,
        people
    from {{ ref('rpt_stage_daily') }}
    where
        people > 0
        and day_date in (select day_date from days)

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
    found.snapshot,
    found.day_date,
    found.stage,
    found.people,
    expected.people as expected_people
from found
left join expected
    on
        found.day_date = expected.day_date
        and found.stage = expected.stage
where
    expected.people is null
    or found.people <> expected.people
union all
select
    'carried' as snapshot,
    day_date,
    stage,
    people,
    previous_people + people_entered - people_left as expected_people
from carried
where
    previous_date = {{ add_days('day_date', -1) }}
    and people <> previous_people + people_entered - people_left
