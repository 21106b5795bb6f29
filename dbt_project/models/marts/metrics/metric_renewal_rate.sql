-- One row per month in which terms expire, and slice.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Renewal rate".
with terms as (

    select * from {{ ref('fct_membership_term') }}
    where end_date is not null

),

slices as (

    select 'all' as slice_name
    union all
    select 'plan' as slice_name
    union all
    select 'term_number' as slice_name
    union all
    select 'auto_renew' as slice_name

),

sliced as (

    select
        slices.slice_name,
        case slices.slice_name
            when 'plan' then terms.plan_code
            when 'term_number'
                then case
                    when terms.term_number < 6 then cast(terms.term_number as varchar)
                    else '6+'
                end
            when 'auto_renew' then case when terms.is_auto_renew then 'yes' else 'no' end
            else 'all'
        end as slice_value,
        cast({{ dbt.date_trunc('month', 'terms.end_date') }} as date) as period_start,
        terms.exclusion_reason,
        -- an excluded term has no outcome that counts
        case when terms.exclusion_reason is null then terms.outcome end as outcome,
        {{ add_days('terms.end_date', 'terms.grace_days') }} as grace_end_date
    from terms
    cross join slices

),

counted as (

    select
        slice_name,
        slice_value,
        period_start,
        max(grace_end_date) as last_grace_date,
        count(*) as terms_ending,
        count(outcome) as denominator,
        sum(
            case
                when outcome in ('renewed_early', 'renewed_on_time', 'renewed_in_grace') then 1
                else 0
            end
        ) as numerator,
        sum(case when outcome = 'renewed_early' then 1 else 0 end) as renewed_early,
        sum(case when outcome = 'renewed_on_time' then 1 else 0 end) as renewed_on_time,
        sum(case when outcome = 'renewed_in_grace' then 1 else 0 end) as renewed_in_grace,
        sum(case when outcome = 'renewed_late' then 1 else 0 end) as renewed_late,
        sum(case when outcome = 'open' then 1 else 0 end) as still_open,
        sum(case when outcome = 'not_renewed' then 1 else 0 end) as not_renewed,
        {%- for reason in [
            'not_renewable', 'continuous_dues', 'holder_died', 'superseded', 'paused', 'test'
        ] %}
        sum(case when exclusion_reason = '{{ reason }}' then 1 else 0 end)
            as excluded_{{ reason }}{{ ',' if not loop.last }}
        {%- endfor %}
    from sliced
    group by slice_name, slice_value, period_start

),

dated as (

    select
        *,
        cast({{ dbt.last_day('period_start', 'month') }} as date) as period_end
    from counted
    where period_start <= {{ as_of_date() }}

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    slice_name,
    slice_value,
    cast(terms_ending as bigint) as terms_ending,
    cast(denominator as bigint) as denominator,
    cast(numerator as bigint) as numerator,
    cast(renewed_early as bigint) as renewed_early,
    cast(renewed_on_time as bigint) as renewed_on_time,
    cast(renewed_in_grace as bigint) as renewed_in_grace,
    cast(renewed_late as bigint) as renewed_late,
    cast(still_open as bigint) as still_open,
    cast(not_renewed as bigint) as not_renewed,
    cast(excluded_not_renewable as bigint) as excluded_not_renewable,
    cast(excluded_continuous_dues as bigint) as excluded_continuous_dues,
    cast(excluded_holder_died as bigint) as excluded_holder_died,
    cast(excluded_superseded as bigint) as excluded_superseded,
    cast(excluded_paused as bigint) as excluded_paused,
    cast(excluded_test as bigint) as excluded_test,
    round({{ share('numerator', 'denominator') }}, 6) as value,
    round({{ wilson_bound('numerator', 'denominator', 'low') }}, 6) as lo,
    round({{ wilson_bound('numerator', 'denominator', 'high') }}, 6) as hi,
    round({{ share('numerator', 'denominator') }}, 6) as lower_bound,
    round({{ share('numerator + still_open', 'denominator') }}, 6) as upper_bound,
    round({{ share('numerator + renewed_late', 'denominator') }}, 6) as ultimate_value,
    -- mature: the last term that may still be renewed within the month has had its grace period
    {{ as_of_date() }} > last_grace_date
    and {{ as_of_date() }} > {{ add_days('period_end', var('grace_days')) }} as is_mature,
    period_start,
    period_end,
    {{ as_of_date() }} as as_of_date
from dated
