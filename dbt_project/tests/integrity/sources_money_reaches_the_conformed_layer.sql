-- Gross payments in the sources' own tables, in minor units, against the conformed ones.
with stripe_charge as (
    {{ raw_current('stripe', 'charge') }}
),

pretix_payment as (
    {{ raw_current('pretix', 'order_payment') }}
),

orders as (
    select * from {{ ref('base_pretix__orders') }}
),

expected as (
    select
        'stripe' as source_system,
        coalesce(sum(amount), 0) as amount_minor
    from stripe_charge
    where status = 'succeeded'
    union all
    select
        'pretix' as source_system,
        coalesce(sum({{ to_minor('pretix_payment.amount', 'orders.currency_code') }}), 0) as amount_minor
    from pretix_payment
    inner join orders on pretix_payment.{{ adapter.quote('order') }} = orders.order_code
    where pretix_payment.state in ('confirmed', 'refunded')
),

found as (
    select
        source_system,
        sum(amount_minor) as amount_minor
    from {{ ref('conformed__payments') }}
    where kind = 'payment'
    group by source_system
)

select
    expected.source_system,
    expected.amount_minor as expected_minor,
    coalesce(found.amount_minor, 0) as found_minor
from expected
left join found on expected.source_system = found.source_system
where expected.amount_minor <> coalesce(found.amount_minor, 0)
