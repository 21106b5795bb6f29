-- One row per wave, kind of survey (relational, transactional) and slice; points from -100 to 100.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Net Promoter Score".
{%- set wave_end = {'month': 0, 'quarter': 2, 'year': 11}[var('nps_wave')] %}
with surveys as (

    select * from {{ ref('conformed__surveys') }}

),

identity as (

    select * from {{ ref('int_identity__current') }}

),

answers as (

    select
        identity.member_key,
        surveys.source_system,
        surveys.source_response_id,
        coalesce(surveys.lifecycle_point, 'none') as lifecycle_point,
        surveys.score,
        surveys.responded_at,
        case
            {%- for kind, codes in var('nps_surveys').items() %}
            when surveys.survey_code in ('{{ codes | join("', '") }}') then '{{ kind }}'
            {%- endfor %}
        end as survey_kind,
        cast({{ dbt.date_trunc(var('nps_wave'), local_date('surveys.responded_at')) }} as date)
            as period_start
    from surveys
    left join identity
        on
            surveys.source_system = identity.source_system
            and surveys.source_record_id = identity.source_record_id
    where surveys.responded_at <= {{ as_of_timestamp() }} and surveys.score between 0 and 10

),

followed as (

    select
        *,
        lead(period_start) over person_answers as next_period_start,
        lead(responded_at) over person_answers as next_responded_at
    from answers
    where survey_kind is not null
    window person_answers as (
        partition by survey_kind, member_key
        order by responded_at, source_system, source_response_id
    )

),

judged as (

    select
        *,
        -- an answer without a person cannot be somebody's second one
        case
            when member_key is null then 0
            when next_period_start = period_start then 1
            when {{ days_between('responded_at', 'next_responded_at') }} <= {{ var('nps_repeat_days') }}
                then 1
            else 0
        end as is_repeated
    from followed

),

sliced as (

    select *, 'all' as slice_name, 'all' as slice_value
    from judged
    union all
    -- anonymous answers count in totals only
    select *, 'lifecycle_point' as slice_name, lifecycle_point as slice_value
    from judged
    where member_key is not null

),

counted as (

    select
        survey_kind,
        slice_name,
        slice_value,
        period_start,
        sum(1 - is_repeated) as denominator,
        sum(case when is_repeated = 0 and score >= 9 then 1 else 0 end) as promoters,
        sum(case when is_repeated = 0 and score < 7 then 1 else 0 end) as detractors,
        sum(case when member_key is null then 1 else 0 end) as anonymous,
        sum(is_repeated) as excluded_repeated
    from sliced
    group by survey_kind, slice_name, slice_value, period_start

),

dated as (

    select
        *,
        denominator >= {{ var('nps_min_responses') }} as is_enough,
        cast({{ dbt.last_day(
            dbt.dateadd('month', wave_end, 'period_start'), 'month'
        ) }} as date) as period_end
    from counted

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    slice_name,
    slice_value,
    survey_kind,
    case when not is_enough then 'too_few' end as suppressed_reason,
    cast(denominator as bigint) as denominator,
    cast(case when is_enough then promoters end as bigint) as promoters,
    cast(case when is_enough then detractors end as bigint) as detractors,
    cast(anonymous as bigint) as anonymous,
    cast(excluded_repeated as bigint) as excluded_repeated,
    -- no source tells yet who was asked
    cast(null as bigint) as invited,
    cast(null as double precision) as response_rate,
    round(case when is_enough then {{ nps_points('promoters', 'detractors', 'denominator') }} end, 6)
        as value,
    round(
        case when is_enough then {{ nps_bound('promoters', 'detractors', 'denominator', 'low') }} end, 6
    ) as lo,
    round(
        case when is_enough then {{ nps_bound('promoters', 'detractors', 'denominator', 'high') }} end, 6
    ) as hi,
    {{ as_of_date() }} > {{ add_days('period_end', var('nps_repeat_days')) }} as is_mature,
    period_start,
    period_end,
    {{ as_of_date() }} as as_of_date
from dated
