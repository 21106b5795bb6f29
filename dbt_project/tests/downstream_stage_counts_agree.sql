-- Today's people per stage are the same in the history, in the member table, in the daily report and
-- in the snapshot.
with counts as (

    select
        'history' as counted_in,
        stage,
        count(*) as people
    from {{ ref('fct_lifecycle_stage_history') }}
    where valid_to is null
    group by stage
    union all
    select
        'member_360' as counted_in,
        stage,
        count(*) as people
    from {{ ref('mart_member_360') }}
    group by stage
    union all
    select
        'stage_daily' as counted_in,
        stage,
        people
    from {{ ref('rpt_stage_daily') }}
    where
        day_date = {{ as_of_date() }}
        and people > 0
    union all
    select
        'snapshot' as counted_in,
        stage,
        count(*) as people
    from {{ ref('snap_member_day') }}
    where day_date = {{ as_of_date() }}
    group by stage

)

select
    stage,
    count(*) as tables_with_stage,
    min(people) as fewest,
    max(people) as most
from counts
group by stage
having count(*) <> 4 or min(people) <> max(people)
