-- One row per metric that may have a target, and slice: its value over the newest mature periods.
{%- set first_year = var('first_year_days') + var('grace_days') %}
with renewal_months as (

    select
        *,
        row_number() over (partition by slice_name, slice_value order by period_start desc) as age
    from {{ ref('metric_renewal_rate') }}
    where is_mature and denominator > 0 and slice_name in ('all', 'plan')

),

renewal as (

    select
        slice_name,
        slice_value,
        min(period_start) as period_start,
        max(period_end) as period_end,
        sum(numerator) as hits,
        sum(denominator) as cases
    from renewal_months
    where age <= {{ var('target_months') }}
    group by slice_name, slice_value

),

join_months as (

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

),

case_months as (

    select
        period_start,
        period_end,
        row_number() over (order by period_start desc) as age
    from {{ ref('metric_resolution_time') }}
    where is_mature and denominator > 0 and slice_name = 'all' and resolution = 'first'

),

cases as (

    select
        durations.seconds,
        durations.was_resolved,
        'all' as slice_value,
        case_months.period_start,
        case_months.period_end
    from {{ ref('int_case_durations') }} as durations
    inner join case_months on durations.period_start = case_months.period_start
    where
        durations.resolution = 'first'
        and not durations.is_excluded
        and case_months.age <= {{ var('target_months') }}

),

case_periods as (

    select
        count(*) as cases,
        min(period_start) as period_start,
        max(period_end) as period_end
    from cases

),

case_curve as (

    {{ kaplan_meier('cases', ['slice_value'], 'seconds', 'was_resolved') }}

),

resolved as (

    select
        {{ survival_time(0.5) }} as median_seconds,
        {{ survival_time(0.5, 'lo') }} as lo_seconds,
        {{ survival_time(0.5, 'hi') }} as hi_seconds
    from case_curve

),

waves as (

    select
        *,
        row_number() over (order by period_start desc) as age
    from {{ ref('metric_nps') }}
    where is_mature and slice_name = 'all' and survey_kind = 'relational'

),

people as (

    select
        count(*) as members,
        max(as_of_date) as as_of_date
    from {{ ref('mart_member_360') }}
    where is_active_member

)

select
    'renewal_rate' as metric,
    slice_name,
    slice_value,
    'share' as unit,
    cases,
    {{ share('hits', 'cases') }} as value,
    {{ wilson_bound('hits', 'cases', 'low') }} as lo,
    {{ wilson_bound('hits', 'cases', 'high') }} as hi,
    period_start,
    period_end
from renewal
union all
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
union all
select
    'resolution_time' as metric,
    'all' as slice_name,
    'all' as slice_value,
    'hours' as unit,
    case_periods.cases,
    resolved.median_seconds / cast(3600 as double precision) as value,
    resolved.lo_seconds / cast(3600 as double precision) as lo,
    resolved.hi_seconds / cast(3600 as double precision) as hi,
    case_periods.period_start,
    case_periods.period_end
from case_periods
cross join resolved
where case_periods.cases > 0
union all
select
    'nps' as metric,
    'all' as slice_name,
    'all' as slice_value,
    'points' as unit,
    denominator as cases,
    value,
    lo,
    hi,
    period_start,
    period_end
from waves
where age = 1
union all
select
    'active_members' as metric,
    'all' as slice_name,
    'all' as slice_value,
    'people' as unit,
    members as cases,
    cast(members as double precision) as value,
    cast(members as double precision) as lo,
    cast(members as double precision) as hi,
    as_of_date as period_start,
    as_of_date as period_end
from people
where members > 0
