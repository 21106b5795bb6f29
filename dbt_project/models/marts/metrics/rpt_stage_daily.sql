-- One row per day of the last 400 days and stage: how many people are in it at the end of the day,
-- and how many entered and left it on the day.
with slices as (

    select * from {{ ref('mart_stage_daily') }}

)

select
    stage,
    stage_label,
    cast(sum(people) as bigint) as people,
    cast(sum(people_entered) as bigint) as people_entered,
    cast(sum(people_left) as bigint) as people_left,
    day_date
from slices
group by day_date, stage, stage_label
