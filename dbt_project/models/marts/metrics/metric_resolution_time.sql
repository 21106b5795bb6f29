-- One row per month of receipt, slice and kind of resolution (first, full); hours of the calendar.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Resolution time".
{%- set keys = ['resolution', 'slice_name', 'slice_value', 'period_start'] %}
{%- set target_seconds = var('resolution_target_hours') * 3600 %}
with cases as (

    select
        *,
        count(*) over (partition by resolution, period_start, case_type) as cases_of_type
    from {{ ref('int_case_durations') }}

),

sliced as (

    select
        resolution,
        'all' as slice_name,
        'all' as slice_value,
        period_start,
        seconds,
        was_resolved,
        is_excluded
    from cases
    union all
    select
        resolution,
        'case_type' as slice_name,
        -- a rare type could tell who had trouble
        case when cases_of_type < {{ var('smallest_group') }} then 'other' else case_type end
            as slice_value,
        period_start,
        seconds,
        was_resolved,
        is_excluded
    from cases

),

counted as (

    select
        {{ keys | join(', ') }},
        sum(case when is_excluded then 0 else 1 end) as denominator,
        sum(case when is_excluded then 0 else was_resolved end) as numerator,
        sum(case when is_excluded then 0 else 1 - was_resolved end) as still_open,
        sum(case when is_excluded then 1 else 0 end) as excluded_case_type,
        avg(case when was_resolved = 1 and not is_excluded then seconds end) as mean_seconds
    from sliced
    group by {{ keys | join(', ') }}

),

counting as (

    select * from sliced
    where not is_excluded

),

curves as (

    {{ kaplan_meier('counting', keys, 'seconds', 'was_resolved') }}

),

estimates as (

    select
        {{ keys | join(', ') }},
        {{ survival_time(0.5) }} as median_seconds,
        {{ survival_time(0.5, 'lo') }} as lo_seconds,
        {{ survival_time(0.5, 'hi') }} as hi_seconds,
        {{ survival_time(0.1) }} as p90_seconds,
        {{ survival_at(target_seconds) }} as share_left,
        {{ greenwood_at(target_seconds) }} as greenwood
    from curves
    group by {{ keys | join(', ') }}

),

dated as (

    select
        counted.*,
        estimates.median_seconds,
        estimates.lo_seconds,
        estimates.hi_seconds,
        estimates.p90_seconds,
        estimates.share_left,
        estimates.greenwood,
        cast({{ dbt.last_day('counted.period_start', 'month') }} as date) as period_end
    from counted
    left join estimates
        on
            counted.resolution = estimates.resolution
            and counted.slice_name = estimates.slice_name
            and counted.slice_value = estimates.slice_value
            and counted.period_start = estimates.period_start

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    slice_name,
    slice_value,
    resolution,
    'calendar' as clock,
    cast(denominator as bigint) as denominator,
    cast(numerator as bigint) as numerator,
    cast(still_open as bigint) as still_open,
    cast(excluded_case_type as bigint) as excluded_case_type,
    round(median_seconds / cast(3600 as double precision), 6) as value,
    round(lo_seconds / cast(3600 as double precision), 6) as lo,
    round(hi_seconds / cast(3600 as double precision), 6) as hi,
    round(p90_seconds / cast(3600 as double precision), 6) as p90,
    round(1 - share_left, 6) as share_in_time,
    round(1 - {{ loglog_bound('share_left', 'greenwood', 'high') }}, 6) as share_in_time_lo,
    round(1 - {{ loglog_bound('share_left', 'greenwood', 'low') }}, 6) as share_in_time_hi,
    round(cast(mean_seconds as double precision) / 3600, 6) as mean_of_resolved,
    -- every case of the month has been watched for the hours of the target
    {{ as_of_date() }}
    > {{ add_days('period_end', (var('resolution_target_hours') / 24) | round(0, 'ceil') | int) }}
        as is_mature,
    period_start,
    period_end,
    {{ as_of_date() }} as as_of_date
from dated
