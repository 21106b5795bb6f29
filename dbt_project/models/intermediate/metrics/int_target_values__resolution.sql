-- One row, or none: time to first resolution of every case received in the newest mature months.
with case_months as (

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

)

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
