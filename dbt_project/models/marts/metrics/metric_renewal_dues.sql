-- One row per month in which terms expire, and currency: renewal measured in dues.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Renewal in dues".
with terms as (

    select * from {{ ref('fct_membership_term') }}
    where end_date is not null and exclusion_reason is null

),

-- the dues of a term, wherever the term stands in the person's life
dues as (

    select * from {{ ref('int_membership_terms') }}

),

paired as (

    select
        coalesce(dues.currency_code, 'unknown') as currency_code,
        cast({{ dbt.date_trunc('month', 'terms.end_date') }} as date) as period_start,
        {{ add_days('terms.end_date', 'terms.grace_days') }} as grace_end_date,
        dues.amount_minor as old_minor,
        next_dues.amount_minor as new_minor,
        terms.outcome in ('renewed_early', 'renewed_on_time', 'renewed_in_grace') as is_renewed,
        next_dues.currency_code = dues.currency_code as is_same_currency
    from terms
    inner join dues on terms.term_id = dues.term_id
    left join dues as next_dues on terms.next_term_id = next_dues.term_id

),

judged as (

    select
        currency_code,
        period_start,
        grace_end_date,
        old_minor,
        new_minor,
        is_renewed,
        case
            when old_minor is null or (is_renewed and new_minor is null) then 'no_amount'
            when old_minor <= 0 then 'no_dues'
            when is_renewed and not coalesce(is_same_currency, false) then 'other_currency'
            else 'none'
        end as exclusion
    from paired

),

counted as (

    select
        currency_code,
        period_start,
        max(grace_end_date) as last_grace_date,
        sum(case when exclusion = 'none' then old_minor else 0 end) as denominator,
        sum(
            case when exclusion = 'none' and is_renewed then least(new_minor, old_minor) else 0 end
        ) as numerator,
        sum(case when exclusion = 'none' and is_renewed then new_minor else 0 end) as renewed_minor,
        sum(case when exclusion = 'none' then 1 else 0 end) as terms,
        {%- for reason in ['no_amount', 'no_dues', 'other_currency'] %}
        sum(case when exclusion = '{{ reason }}' then 1 else 0 end) as excluded_{{ reason }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from judged
    group by currency_code, period_start

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    'currency' as slice_name,
    currency_code as slice_value,
    cast(terms as bigint) as terms,
    cast(denominator as bigint) as denominator,
    cast(numerator as bigint) as numerator,
    cast(renewed_minor as bigint) as renewed_minor,
    cast(excluded_no_amount as bigint) as excluded_no_amount,
    cast(excluded_no_dues as bigint) as excluded_no_dues,
    cast(excluded_other_currency as bigint) as excluded_other_currency,
    round({{ share('numerator', 'denominator') }}, 6) as value,
    round({{ share('renewed_minor', 'denominator') }}, 6) as net_value,
    {{ as_of_date() }} > last_grace_date
    and {{ as_of_date() }}
    > {{ add_days(dbt.last_day('period_start', 'month'), var('grace_days')) }} as is_mature,
    period_start,
    cast({{ dbt.last_day('period_start', 'month') }} as date) as period_end,
    {{ as_of_date() }} as as_of_date
from counted
where period_start <= {{ as_of_date() }}
