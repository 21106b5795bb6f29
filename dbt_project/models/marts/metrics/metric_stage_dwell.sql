-- One row per stage: how long people stay in it. A stay that lasts is censored on the as-of day.
with visits as (

    select
        stage,
        stage_label,
        {{ days_between('valid_from', 'coalesce(valid_to, ' ~ as_of_date() ~ ')') }} as dwell_days,
        case when valid_to is null then 0 else 1 end as is_closed
    from {{ ref('fct_lifecycle_stage_history') }}

),

curve as (

    {{ kaplan_meier('visits', ['stage'], 'dwell_days', 'is_closed') }}

),

-- the first day by which half, or nine in ten, have left
quantiles as (

    select
        stage,
        {{ survival_time('0.5') }} as median_days,
        {{ survival_time('0.1') }} as p90_days
    from curve
    group by stage

),

counted as (

    select
        stage,
        stage_label,
        count(*) as visits,
        sum(is_closed) as closed_visits,
        avg(case when is_closed = 1 then cast(dwell_days as double precision) end)
            as mean_days_of_closed
    from visits
    group by stage, stage_label

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    counted.stage,
    counted.stage_label,
    cast(counted.visits as bigint) as visits,
    cast(counted.closed_visits as bigint) as closed_visits,
    cast(counted.visits - counted.closed_visits as bigint) as open_visits,
    cast(quantiles.median_days as integer) as median_days,
    cast(quantiles.p90_days as integer) as p90_days,
    counted.mean_days_of_closed,
    {{ as_of_date() }} as as_of_date
from counted
inner join quantiles on counted.stage = quantiles.stage
