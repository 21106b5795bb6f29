-- One row per cohort of first-ever joins (all, plan, join year) and months since joining.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Cohort survival".
{%- set keys = ['slice_name', 'slice_value'] %}
with lives as (

    select * from {{ ref('int_first_lives') }}

),

cohorts as (

    {%- for slice, value in {
        'all': "'all'", 'plan': 'plan_code', 'join_year': 'cast(join_year as varchar)'
    }.items() %}
    select
        '{{ slice }}' as slice_name,
        {{ value }} as slice_value,
        join_date,
        observed_days,
        unwatched_days,
        has_left,
        has_died,
        has_ended
    from lives
    {{- ' union all' if not loop.last }}
    {%- endfor %}

),

sizes as (

    select
        slice_name,
        slice_value,
        count(*) as joins,
        min(unwatched_days) as unwatched_days,
        min(join_date) as first_join_date,
        max(join_date) as last_join_date
    from cohorts
    group by slice_name, slice_value

),

horizons as (
    {%- for months in var('cohort_months') %}
    select
        {{ months }} as months,
        {{ (months * 365.25 / 12) | int + var('grace_days') }} as horizon_days
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

left_curves as (

    {{ kaplan_meier('cohorts', keys, 'observed_days', 'has_left', 'unwatched_days') }}

),

ended_curves as (

    {{ kaplan_meier('cohorts', keys, 'observed_days', 'has_ended', 'unwatched_days') }}

),

died_curves as (

    {{ kaplan_meier('cohorts', keys, 'observed_days', 'has_died', 'unwatched_days') }}

),

left_incidence as (

    {{ cumulative_incidence('ended_curves', 'left_curves', keys) }}

),

died_incidence as (

    {{ cumulative_incidence('ended_curves', 'died_curves', keys) }}

),

moments as (

    select
        left_curves.slice_name,
        left_curves.slice_value,
        left_curves.moment,
        left_curves.at_risk,
        left_curves.events,
        left_curves.survival,
        left_curves.greenwood,
        left_incidence.incidence as left_incidence,
        died_incidence.incidence as died_incidence
    from left_curves
    inner join left_incidence
        on
            left_curves.slice_name = left_incidence.slice_name
            and left_curves.slice_value = left_incidence.slice_value
            and left_curves.moment = left_incidence.moment
    inner join died_incidence
        on
            left_curves.slice_name = died_incidence.slice_name
            and left_curves.slice_value = died_incidence.slice_value
            and left_curves.moment = died_incidence.moment

),

estimates as (

    select
        moments.slice_name,
        moments.slice_value,
        horizons.months,
        horizons.horizon_days,
        sum(case when moments.moment <= horizons.horizon_days then moments.events end) as exits,
        {{ survival_at('horizons.horizon_days') }} as survival,
        {{ greenwood_at('horizons.horizon_days') }} as greenwood,
        max(case when moments.moment <= horizons.horizon_days then moments.left_incidence end)
            as left_incidence,
        max(case when moments.moment <= horizons.horizon_days then moments.died_incidence end)
            as died_incidence,
        max(moments.moment) as last_moment
    from moments
    cross join horizons
    group by
        moments.slice_name, moments.slice_value, horizons.months, horizons.horizon_days

),

-- a curve that nobody was watched for from the start says nothing of the start
told as (

    select
        estimates.*,
        sizes.joins,
        sizes.first_join_date,
        sizes.last_join_date,
        sizes.unwatched_days < 0
        and (estimates.last_moment >= estimates.horizon_days or estimates.survival = 0) as is_told
    from estimates
    inner join sizes
        on
            estimates.slice_name = sizes.slice_name
            and estimates.slice_value = sizes.slice_value

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    slice_name,
    slice_value,
    cast(months as integer) as months,
    cast(joins as bigint) as denominator,
    cast(exits as bigint) as exits,
    round(case when is_told then survival end, 6) as value,
    round(case when is_told then {{ loglog_bound('survival', 'greenwood', 'low') }} end, 6) as lo,
    round(case when is_told then {{ loglog_bound('survival', 'greenwood', 'high') }} end, 6) as hi,
    round(case when is_told then left_incidence end, 6) as left_incidence,
    round(case when is_told then died_incidence end, 6) as died_incidence,
    -- everybody of the cohort joined long enough ago
    {{ as_of_date() }} > {{ add_days('period_end', 'horizon_days') }} as is_mature,
    period_start,
    period_end,
    {{ as_of_date() }} as as_of_date
from (
    select
        *,
        case
            when slice_name = 'join_year'
                then cast({{ dbt.date_trunc('year', 'first_join_date') }} as date)
            else first_join_date
        end as period_start,
        case
            when slice_name = 'join_year'
                then {{ add_days(dbt.dateadd('year', 1, dbt.date_trunc('year', 'first_join_date')), -1) }}
            else last_join_date
        end as period_end
    from told
) as dated
