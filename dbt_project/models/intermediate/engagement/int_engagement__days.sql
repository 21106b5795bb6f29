-- One row per day on which engagement is measured: the as-of day, the month-ends before it, and the
-- day 90 days before the as-of day, from which the trend is taken.
with month_ends as (

    {{ month_ends_back(var('engagement_months')) }}

),

days as (

    select
        month_end_date as measured_on_date,
        1 as is_scored
    from month_ends
    union all
    select
        {{ as_of_date() }} as measured_on_date,
        1 as is_scored
    union all
    select
        {{ add_days(as_of_date(), -90) }} as measured_on_date,
        0 as is_scored

)

select
    measured_on_date,
    max(is_scored) = 1 as is_scored
from days
group by measured_on_date
