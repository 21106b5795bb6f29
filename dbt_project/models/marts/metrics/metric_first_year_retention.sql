-- One row per month of first-ever joins: Kaplan-Meier survival of the first membership.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "First-year retention".
{%- set first_year = var('first_year_days') + var('grace_days') -%}
{%- set horizons = {'retention_90d': 90, 'retention_180d': 180, 'value': first_year} %}
with joins as (

    select * from {{ ref('int_first_joins') }}

),

dated as (

    select
        cast({{ dbt.date_trunc('month', 'join_date') }} as date) as period_start,
        observed_days,
        case when has_left then 1 else 0 end as exits,
        case when is_observed_90d then 1 else 0 end as observed_90d,
        case when is_observed_90d and not is_touched_90d then 1 else 0 end
            as dropped_off_90d
    from joins

),

cohorts as (

    select
        period_start,
        count(*) as joins,
        sum(case when observed_days <= {{ first_year }} then exits else 0 end) as exits,
        sum(observed_90d) as observed_90d,
        sum(dropped_off_90d) as dropped_off_90d
    from dated
    group by period_start

),

exit_days as (

    select
        period_start,
        observed_days,
        sum(exits) as exits,
        -- whoever leaves or is last seen on a day was still at risk on it
        sum(count(*)) over (
            partition by period_start
            order by observed_days desc
            rows between unbounded preceding and current row
        ) as at_risk
    from dated
    group by period_start, observed_days

),

survival as (

    select
        period_start,
        {%- for name, days in horizons.items() %}
        case
            when max(case when observed_days <= {{ days }} and exits = at_risk then 1 else 0 end) = 1
                then 0
            else exp(sum(
                case
                    when observed_days <= {{ days }} and exits < at_risk
                        then ln(1 - cast(exits as double precision) / at_risk)
                    else 0
                end
            ))
        end as {{ name }},
        {%- endfor %}
        sum(
            case
                when observed_days <= {{ first_year }} and exits < at_risk
                    then cast(exits as double precision) / (at_risk * (at_risk - exits))
                else 0
            end
        ) as greenwood
    from exit_days
    group by period_start

),

-- log-log interval: it stays within 0 and 1; there is none when nobody or everybody left
intervals as (

    select
        *,
        case
            when value > 0 and value < 1 and greenwood > 0
                then exp({{ z95() }} * sqrt(greenwood) / abs(ln(value)))
        end as spread
    from survival

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    cast(cohorts.joins as bigint) as joins,
    cast(cohorts.exits as bigint) as exits,
    cast(cohorts.observed_90d as bigint) as observed_90d,
    cast(cohorts.dropped_off_90d as bigint) as dropped_off_90d,
    round(intervals.retention_90d, 6) as retention_90d,
    round(intervals.retention_180d, 6) as retention_180d,
    round(intervals.value, 6) as value,
    round(power(intervals.value, intervals.spread), 6) as lo,
    round(power(intervals.value, 1 / intervals.spread), 6) as hi,
    round({{ share('cohorts.dropped_off_90d', 'cohorts.observed_90d') }}, 6)
        as onboarding_dropoff_90d,
    {{ as_of_date() }} > {{ add_days(
        dbt.last_day('cohorts.period_start', 'month'), first_year
    ) }} as is_mature,
    cohorts.period_start,
    cast({{ dbt.last_day('cohorts.period_start', 'month') }} as date) as period_end,
    {{ as_of_date() }} as as_of_date
from cohorts
inner join intervals
    on cohorts.period_start = intervals.period_start
