-- One row per window (the last 90 or 365 days) and change from one stage to another.
with history as (

    select * from {{ ref('fct_lifecycle_stage_history') }}

),

windows as (

    select 90 as window_days
    union all
    select 365 as window_days

)

select
    coalesce(history.prev_stage, 'new') as from_stage,
    history.stage as to_stage,
    windows.window_days,
    count(*) as transitions,
    count(distinct history.member_key) as people,
    {{ as_of_date() }} as as_of_date
from history
inner join windows
    on
        {{ days_between('history.valid_from', as_of_date()) }} >= 0
        and {{ days_between('history.valid_from', as_of_date()) }} < windows.window_days
group by history.prev_stage, history.stage, windows.window_days
