-- One row per paid term and month in which its collected or recognised dues changed: how far the two
-- stand apart at the month's end, up to the as-of day.
with collected as (

    select
        term_id,
        currency_code,
        {{ month_of('occurred_date') }} as month_start,
        amount_minor as collected_minor,
        0 as recognised_minor
    from {{ ref('int_dues_movements') }}
    where term_id is not null

),

recognised as (

    select
        term_id,
        currency_code,
        month_start,
        0 as collected_minor,
        recognised_minor
    from {{ ref('fct_revenue_schedule') }}
    where recognised_minor <> 0

),

moved as (

    select * from collected
    union all
    select * from recognised

),

monthly as (

    select
        term_id,
        currency_code,
        month_start,
        sum(collected_minor) - sum(recognised_minor) as ahead_minor
    from moved
    group by term_id, currency_code, month_start

)

select
    term_id,
    currency_code,
    month_start,
    cast(sum(ahead_minor) over (
        partition by term_id, currency_code
        order by month_start
        rows between unbounded preceding and current row
    ) as bigint) as ahead_minor
from monthly
