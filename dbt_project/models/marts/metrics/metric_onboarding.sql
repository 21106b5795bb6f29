-- One row per month of first-ever joins: who was welcomed, made contact and had a first benefit.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Onboarding".
{%- set window = var('onboarding_days_for_milestones') %}
{%- set milestones = ['welcome_delivered', 'first_contact', 'first_value'] %}
with joins as (

    select
        *,
        cast({{ dbt.date_trunc('month', 'join_date') }} as date) as period_start,
        case when {{ days_between('join_date', as_of_date()) }} >= {{ window }} then 1 else 0 end
            as observed,
        case when is_observed_90d then 1 else 0 end as observed_90d,
        case when is_observed_90d and not is_touched_90d then 1 else 0 end as dropped_off_90d,
        case when first_value_day <= observed_days then 1 else 0 end as had_value,
        case when first_value_day <= observed_days then first_value_day else observed_days end
            as value_days
    from {{ ref('int_onboarding') }}

),

counted as (

    select
        period_start,
        count(*) as joins,
        sum(observed) as denominator,
        sum(
            case
                when
                    observed = 1
                    {%- for milestone in var('onboarding_milestones') %}
                    and {{ milestone }}_day <= {{ window }}
                    {%- endfor %}
                    then 1
                else 0
            end
        ) as numerator,
        {%- for milestone in milestones %}
        sum(case when observed = 1 and {{ milestone }}_day <= {{ window }} then 1 else 0 end)
            as {{ milestone }},
        {%- endfor %}
        sum(has_value_before_join) as value_before_join,
        sum(observed_90d) as observed_90d,
        sum(dropped_off_90d) as dropped_off_90d,
        {{ as_of_date() }} as as_of_date
    from joins
    group by period_start

),

curves as (

    {{ kaplan_meier('joins', ['period_start'], 'value_days', 'had_value') }}

),

first_values as (

    select
        period_start,
        {{ survival_time(0.5) }} as median_days,
        {{ survival_time(0.5, 'lo') }} as median_lo,
        {{ survival_time(0.5, 'hi') }} as median_hi
    from curves
    group by period_start

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    'all' as slice_name,
    'all' as slice_value,
    cast(counted.joins as bigint) as joins,
    cast(counted.denominator as bigint) as denominator,
    cast(counted.numerator as bigint) as numerator,
    {%- for milestone in milestones %}
    cast(counted.{{ milestone }} as bigint) as {{ milestone }},
    {%- endfor %}
    cast(counted.value_before_join as bigint) as value_before_join,
    cast(counted.joins - counted.denominator as bigint) as excluded_not_observed,
    cast(counted.observed_90d as bigint) as observed_90d,
    cast(counted.dropped_off_90d as bigint) as dropped_off_90d,
    cast(first_values.median_days as bigint) as days_to_first_value,
    cast(first_values.median_lo as bigint) as days_to_first_value_lo,
    cast(first_values.median_hi as bigint) as days_to_first_value_hi,
    round({{ share('counted.numerator', 'counted.denominator') }}, 6) as value,
    round({{ wilson_bound('counted.numerator', 'counted.denominator', 'low') }}, 6) as lo,
    round({{ wilson_bound('counted.numerator', 'counted.denominator', 'high') }}, 6) as hi,
    round({{ share('counted.dropped_off_90d', 'counted.observed_90d') }}, 6)
        as onboarding_dropoff_90d,
    counted.as_of_date
    > {{ add_days(dbt.last_day('counted.period_start', 'month'), window) }} as is_mature,
    counted.period_start,
    cast({{ dbt.last_day('counted.period_start', 'month') }} as date) as period_end,
    counted.as_of_date
from counted
inner join first_values on counted.period_start = first_values.period_start
