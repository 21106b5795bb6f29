-- One row per configured pair of stages and horizon (var stage_conversions) and month of entry, and
-- one for all months: of those who entered the first stage, who reached the second in time.
{%- set pairs = var('stage_conversions') %}
with visits as (

    select
        stage,
        valid_from,
        {%- for stage in pairs | map(attribute='to_stage') | unique %}
        min(case when stage = '{{ stage }}' then valid_from end) over later as {{ stage }}_date,
        {%- endfor %}
        cast({{ dbt.date_trunc('month', 'valid_from') }} as date) as entry_month_date
    from {{ ref('fct_lifecycle_stage_history') }}
    window later as (
        partition by member_key
        order by valid_from
        rows between 1 following and unbounded following
    )

),

entries as (

    {%- for pair in pairs %}
    select
        '{{ pair.from_stage }}' as from_stage,
        '{{ pair.to_stage }}' as to_stage,
        {{ pair.within_days }} as within_days,
        entry_month_date,
        {{ days_between('valid_from', as_of_date()) }} as observed_days,
        {{ days_between('valid_from', pair.to_stage ~ '_date') }} as days_to_reach
    from visits
    where stage = '{{ pair.from_stage }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

periods as (

    select
        'month' as period,
        entries.*
    from entries
    union all
    select
        'all' as period,
        from_stage,
        to_stage,
        within_days,
        min(entry_month_date) over (partition by from_stage, to_stage, within_days)
            as entry_month_date,
        observed_days,
        days_to_reach
    from entries

),

-- everybody is watched up to the horizon or the as-of day, the dead too: so one minus the survival
-- is the cumulative incidence with death as a competing end
judged as (

    select
        *,
        case when observed_days >= within_days then 1 else 0 end as is_observed,
        case when days_to_reach <= within_days then 1 else 0 end as is_reached,
        case
            when days_to_reach <= within_days then days_to_reach
            else least(observed_days, within_days)
        end as followed_days
    from periods

),

curve as (

    {{ kaplan_meier(
        'judged',
        ['period', 'from_stage', 'to_stage', 'within_days', 'entry_month_date'],
        'followed_days', 'is_reached'
    ) }}

),

incidences as (

    select
        period,
        from_stage,
        to_stage,
        within_days,
        entry_month_date,
        1 - min(survival) as incidence
    from curve
    group by period, from_stage, to_stage, within_days, entry_month_date

),

counted as (

    select
        period,
        from_stage,
        to_stage,
        within_days,
        entry_month_date,
        count(*) as entries,
        sum(is_observed) as denominator,
        sum(is_observed * is_reached) as numerator
    from judged
    group by period, from_stage, to_stage, within_days, entry_month_date

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    counted.period,
    counted.from_stage,
    counted.to_stage,
    cast(counted.within_days as integer) as within_days,
    cast(counted.entries as bigint) as entries,
    cast(counted.denominator as bigint) as denominator,
    cast(counted.numerator as bigint) as numerator,
    cast(counted.entries - counted.denominator as bigint) as excluded_immature,
    {{ share('counted.numerator', 'counted.denominator') }} as value,
    {{ wilson_bound('counted.numerator', 'counted.denominator', 'low') }} as lo,
    {{ wilson_bound('counted.numerator', 'counted.denominator', 'high') }} as hi,
    cast(incidences.incidence as double precision) as incidence,
    counted.entries = counted.denominator as is_mature,
    counted.entry_month_date as period_start,
    {{ as_of_date() }} as as_of_date
from counted
inner join incidences
    on
        counted.period = incidences.period
        and counted.from_stage = incidences.from_stage
        and counted.to_stage = incidences.to_stage
        and counted.within_days = incidences.within_days
        and counted.entry_month_date = incidences.entry_month_date
