-- One row per currency: what a member paid and how many renewed in the year up to the as-of day.
with terms as (

    select * from {{ ref('int_membership_terms') }}
    where not is_test and amount_minor > 0

),

payments as (

    select * from {{ ref('fct_payment') }}
    where
        occurred_date <= {{ as_of_date() }}
        and occurred_date > {{ add_days(as_of_date(), -365) }}

),

rates as (

    select * from {{ ref('metric_renewal_rate') }}
    where is_mature and period_start > {{ add_months(month_of(as_of_date()), -15) }}

),

-- the twelve newest months whose rate is final
newest as (

    select
        period_start,
        row_number() over (order by period_start desc) as month_rank
    from rates
    where slice_name = 'all'

),

rated as (

    select
        sum(case when rates.slice_name = 'all' then rates.numerator end) as renewed,
        sum(case when rates.slice_name = 'all' then rates.denominator end) as renewable,
        sum(case when rates.slice_name = 'term_number' and rates.slice_value = '1' then rates.numerator end)
            as renewed_first,
        sum(case when rates.slice_name = 'term_number' and rates.slice_value = '1' then rates.denominator end)
            as renewable_first
    from rates
    inner join newest on rates.period_start = newest.period_start
    where newest.month_rank <= 12

),

covered as (

    select
        member_key,
        currency_code,
        term_number,
        start_date,
        greatest(start_date, {{ add_days(as_of_date(), -364) }}) as covered_from,
        least(coalesce(end_date, {{ forever() }}), {{ as_of_date() }}) as covered_to
    from terms

),

members as (

    select
        currency_code,
        sum({{ days_between('covered_from', 'covered_to') }} + 1) as member_days,
        sum(case when term_number = 1 and start_date >= covered_from then 1 else 0 end) as joins
    from covered
    where covered_to >= covered_from
    group by currency_code

),

paying as (

    select distinct
        member_key,
        currency_code
    from covered
    where covered_to >= covered_from

),

paid as (

    select
        payments.currency_code,
        sum(case when payments.purpose = 'dues' then payments.amount_minor else 0 end) as dues_minor,
        sum(case when payments.purpose in ('event', 'other') then payments.amount_minor else 0 end)
            as non_dues_minor
    from payments
    inner join paying
        on payments.member_key = paying.member_key and payments.currency_code = paying.currency_code
    group by payments.currency_code

)

select
    members.currency_code,
    members.member_days / 365.0 as member_years,
    members.joins,
    coalesce(paid.dues_minor, 0) as dues_minor,
    coalesce(paid.non_dues_minor, 0) as non_dues_minor,
    rated.renewed,
    rated.renewable,
    rated.renewed_first,
    rated.renewable_first
from members
cross join rated
left join paid on members.currency_code = paid.currency_code
