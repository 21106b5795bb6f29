-- One row per month of first-ever joins, and slice: Kaplan-Meier survival of the first membership.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "First-year retention".
{%- set first_year = var('first_year_days') + var('grace_days') -%}
{%- set horizons = {'retention_90d': 90, 'retention_180d': 180, 'retention': first_year} %}
with joins as (

    select * from {{ ref('int_first_joins') }}

),

slices as (

    select 'all' as slice_kind
    union all
    select 'plan' as slice_kind

),

sliced as (

    select
        slices.slice_kind,
        case slices.slice_kind when 'plan' then joins.plan_code else 'all' end as slice_value,
        cast({{ dbt.date_trunc('month', 'joins.join_date') }} as date) as cohort_start_date,
        joins.observed_days,
        case when joins.has_left then 1 else 0 end as exits,
        case when joins.is_observed_90d then 1 else 0 end as observed_90d,
        case when joins.is_observed_90d and not joins.is_touched_90d then 1 else 0 end
            as dropped_off_90d
    from joins
    cross join slices

),

cohorts as (

    select
        slice_kind,
        slice_value,
        cohort_start_date,
        count(*) as joins,
        sum(case when observed_days <= {{ first_year }} then exits else 0 end) as exits,
        sum(observed_90d) as observed_90d,
        sum(dropped_off_90d) as dropped_off_90d
    from sliced
    group by slice_kind, slice_value, cohort_start_date

),

exit_days as (

    select
        slice_kind,
        slice_value,
        cohort_start_date,
        observed_days,
        sum(exits) as exits,
        -- whoever leaves or is last seen on a day was still at risk on it
        sum(count(*)) over (
            partition by slice_kind, slice_value, cohort_start_date
            order by observed_days desc
            rows between unbounded preceding and current row
        ) as at_risk
    from sliced
    group by slice_kind, slice_value, cohort_start_date, observed_days

),

survival as (

    select
        slice_kind,
        slice_value,
        cohort_start_date,
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
    group by slice_kind, slice_value, cohort_start_date

),

-- log-log interval: it stays within 0 and 1; there is none when nobody or everybody left
intervals as (

    select
        *,
        case
            when retention > 0 and retention < 1 and greenwood > 0
                then exp({{ z95() }} * sqrt(greenwood) / abs(ln(retention)))
        end as spread
    from survival

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    cohorts.slice_kind,
    cohorts.slice_value,
    cast(cohorts.joins as bigint) as joins,
    cast(cohorts.exits as bigint) as exits,
    cast(cohorts.observed_90d as bigint) as observed_90d,
    cast(cohorts.dropped_off_90d as bigint) as dropped_off_90d,
    round(intervals.retention_90d, 6) as retention_90d,
    round(intervals.retention_180d, 6) as retention_180d,
    round(intervals.retention, 6) as retention,
    round(power(intervals.retention, intervals.spread), 6) as ci_low,
    round(power(intervals.retention, 1 / intervals.spread), 6) as ci_high,
    round({{ share('cohorts.dropped_off_90d', 'cohorts.observed_90d') }}, 6)
        as onboarding_dropoff_90d,
    {{ as_of_date() }} > {{ add_days(
        dbt.last_day('cohorts.cohort_start_date', 'month'), first_year
    ) }} as is_mature,
    cohorts.cohort_start_date,
    cast({{ dbt.last_day('cohorts.cohort_start_date', 'month') }} as date) as cohort_end_date,
    {{ as_of_date() }} as as_of_date
from cohorts
inner join intervals
    on
        cohorts.slice_kind = intervals.slice_kind
        and cohorts.slice_value = intervals.slice_value
        and cohorts.cohort_start_date = intervals.cohort_start_date
