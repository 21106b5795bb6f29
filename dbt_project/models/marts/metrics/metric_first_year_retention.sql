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

curves as (

    {{ kaplan_meier('dated', ['period_start'], 'observed_days', 'exits') }}

),

survival as (

    select
        period_start,
        {%- for name, days in horizons.items() %}
        {{ survival_at(days) }} as {{ name }},
        {%- endfor %}
        {{ greenwood_at(first_year) }} as greenwood
    from curves
    group by period_start

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    cast(cohorts.joins as bigint) as joins,
    cast(cohorts.exits as bigint) as exits,
    cast(cohorts.observed_90d as bigint) as observed_90d,
    cast(cohorts.dropped_off_90d as bigint) as dropped_off_90d,
    round(survival.retention_90d, 6) as retention_90d,
    round(survival.retention_180d, 6) as retention_180d,
    round(survival.value, 6) as value,
    round({{ loglog_bound('survival.value', 'survival.greenwood', 'low') }}, 6) as lo,
    round({{ loglog_bound('survival.value', 'survival.greenwood', 'high') }}, 6) as hi,
    round({{ share('cohorts.dropped_off_90d', 'cohorts.observed_90d') }}, 6)
        as onboarding_dropoff_90d,
    {{ as_of_date() }} > {{ add_days(
        dbt.last_day('cohorts.period_start', 'month'), first_year
    ) }} as is_mature,
    cohorts.period_start,
    cast({{ dbt.last_day('cohorts.period_start', 'month') }} as date) as period_end,
    {{ as_of_date() }} as as_of_date
from cohorts
inner join survival
    on cohorts.period_start = survival.period_start
