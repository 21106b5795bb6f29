-- One row per paid term, performance obligation and month in which something of it is earned or given
-- back. Definition and examples: docs/DECISIONLOG.md, "Dues money".
with obligations as (

    select * from {{ ref('int_term_obligations') }}

),

credits as (

    select
        term_id,
        {{ month_of('occurred_date') }} as month_start,
        cast(0 - sum(amount_minor) as bigint) as credited_minor
    from {{ ref('int_dues_movements') }}
    where kind = 'refund' and term_id is not null
    group by term_id, {{ month_of('occurred_date') }}

),

offsets as (

    {{ numbers('month_offset', 3) }}

),

serviced as (

    select
        obligations.term_id,
        obligations.obligation,
        {{ add_months(month_of('obligations.service_start_date'), 'offsets.month_offset') }} as month_start
    from obligations
    inner join offsets
        on
            {{ dbt.datediff('obligations.service_start_date', 'obligations.service_end_date', 'month') }}
            >= offsets.month_offset

),

months as (

    select * from serviced
    union distinct
    select
        obligations.term_id,
        obligations.obligation,
        credits.month_start
    from obligations
    inner join credits on obligations.term_id = credits.term_id

),

placed as (

    select
        obligations.*,
        months.month_start,
        {{ add_months('months.month_start', 1) }} as next_month_start,
        coalesce(sum(credits.credited_minor) over (
            partition by months.term_id, months.obligation
            order by months.month_start
            rows between unbounded preceding and current row
        ), 0) as credited_to_date
    from months
    inner join obligations
        on months.term_id = obligations.term_id and months.obligation = obligations.obligation
    left join credits
        on months.term_id = credits.term_id and months.month_start = credits.month_start

),

counted as (

    select
        *,
        {{ within_days(days_between('service_start_date', 'month_start'), 'service_days') }} as days_before,
        {{ within_days(days_between('service_start_date', 'next_month_start'), 'service_days') }} as days_after,
        {{ within_days(days_between('service_start_date', as_of_date()) ~ ' + 1', 'service_days') }} as days_now,
        -- the part of all credits that falls on this obligation, by its share of the price
        case
            when term_amount_minor > 0 and credited_to_date > 0 then
                {{ whole_share(
                    'cast(credited_to_date * (amount_before_minor + amount_minor) as bigint)', 'term_amount_minor'
                ) }}
                - {{ whole_share(
                    'cast(credited_to_date * amount_before_minor as bigint)', 'term_amount_minor'
                ) }}
            else 0
        end as credited_share
    from placed

),

-- What is given back is taken from what is not earned yet; only when nothing is left of that, from what
-- was: the sum earned never exceeds the price less the credits.
earned as (

    select
        *,
        {%- for name, day in [('earned_after', 'days_after'), ('earned_now', 'days_now')] %}
        least(
            case
                when recognise = 'at_start' and {{ day }} > 0 then amount_minor
                when recognise = 'at_start' then 0
                when recognise = 'at_end' and {{ day }} = service_days then amount_minor
                when recognise = 'at_end' then 0
                else {{ earned_through('amount_minor', 'service_days', day) }}
            end,
            case when term_amount_minor > 0 then amount_minor - credited_share else 0 end
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from counted

),

stepped as (

    select
        *,
        coalesce(lag(earned_after) over obligation_months, 0) as earned_before,
        credited_share - coalesce(lag(credited_share) over obligation_months, 0) as credited_minor
    from earned
    window obligation_months as (partition by term_id, obligation order by month_start)

)

select
    term_id,
    obligation,
    currency_code,
    cast(days_after - days_before as integer) as service_days,
    cast(earned_after - earned_before as bigint) as scheduled_minor,
    cast(
        case
            when month_start > {{ as_of_date() }} then 0
            when next_month_start <= {{ add_days(as_of_date(), 1) }} then earned_after - earned_before
            else earned_now - earned_before
        end as bigint
    ) as recognised_minor,
    cast(credited_minor as bigint) as credited_minor,
    month_start,
    known_at
from stepped
