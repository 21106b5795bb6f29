-- Per term: the price less what was refunded is what is earned so far and what is still to earn; and
-- the parts of a price are the price.
with obligations as (
    select
        term_id,
        max(term_amount_minor) as term_amount_minor,
        sum(amount_minor) as amount_minor
    from {{ ref('int_term_obligations') }}
    group by term_id
),

credits as (
    select
        term_id,
        0 - sum(amount_minor) as credited_minor
    from {{ ref('int_dues_movements') }}
    where kind = 'refund'
    group by term_id
),

schedule as (
    select
        term_id,
        sum(scheduled_minor) as scheduled_minor
    from {{ ref('fct_revenue_schedule') }}
    group by term_id
)

select
    obligations.term_id,
    obligations.term_amount_minor,
    credits.credited_minor,
    schedule.scheduled_minor
from obligations
left join credits on obligations.term_id = credits.term_id
left join schedule on obligations.term_id = schedule.term_id
where
    obligations.amount_minor <> obligations.term_amount_minor
    or obligations.term_amount_minor - coalesce(credits.credited_minor, 0) <> coalesce(schedule.scheduled_minor, 0)
