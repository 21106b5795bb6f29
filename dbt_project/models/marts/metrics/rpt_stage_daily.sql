-- One row per day of the last 400 days and stage: how many people are in it at the end of the day.
with history as (

    select * from {{ ref('fct_lifecycle_stage_history') }}

),

spine as (

    {{ days_back(400) }}

)

select
    history.stage,
    history.stage_label,
    count(*) as people,
    spine.day_date
from spine
inner join history
    on
        spine.day_date >= history.valid_from
        and (spine.day_date < history.valid_to or history.valid_to is null)
group by spine.day_date, history.stage, history.stage_label
