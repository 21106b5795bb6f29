-- One row, or none: first-year retention of everybody who joined in the newest mature months.
{%- set first_year = var('first_year_days') + var('grace_days') %}
with join_months as (

    select
        period_start,
        period_end,
        row_number() over (order by period_start desc) as age
    from {{ ref('metric_first_year_retention') }}
    where is_mature

),

joins as (

    select
        first_joins.member_key,
        first_joins.observed_days,
        'all' as slice_value,
        case when first_joins.has_left then 1 else 0 end as has_left,
        join_months.period_start,
        join_months.period_end
    from {{ ref('int_first_joins') }} as first_joins
    inner join join_months
        on
            first_joins.join_date >= join_months.period_start
            and first_joins.join_date <= join_months.period_end
    where join_months.age <= {{ var('target_months') }}

),

join_periods as (

    select
        count(*) as cases,
        min(period_start) as period_start,
        max(period_end) as period_end
    from joins

),

join_curve as (

    {{ kaplan_meier('joins', ['slice_value'], 'observed_days', 'has_left') }}

),

retained as (

    select
        {{ survival_at(first_year) }} as survival,
        {{ greenwood_at(first_year) }} as greenwood
    from join_curve

)

-- the log-log interval needs somebody who left and somebody who stayed
select
    'first_year_retention' as metric,
    'all' as slice_name,
    'all' as slice_value,
    'share' as unit,
    join_periods.cases,
    retained.survival as value,
    coalesce(
        {{ loglog_bound('retained.survival', 'retained.greenwood', 'low') }},
        {{ wilson_bound('(retained.survival * join_periods.cases)', 'join_periods.cases', 'low') }}
    ) as lo,
    coalesce(
        {{ loglog_bound('retained.survival', 'retained.greenwood', 'high') }},
        {{ wilson_bound('(retained.survival * join_periods.cases)', 'join_periods.cases', 'high') }}
    ) as hi,
    join_periods.period_start,
    join_periods.period_end
from join_periods
cross join retained
where join_periods.cases > 0
