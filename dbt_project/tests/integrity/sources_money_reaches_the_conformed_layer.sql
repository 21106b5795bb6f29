-- Gross payments in the sources' own tables, in minor units, against the conformed ones.
with expected as (
    select
        'none' as source_system,
        0 as amount_minor
    {%- if is_read('stripe') %}
    union all
    select
        'stripe' as source_system,
        coalesce(sum(amount), 0) as amount_minor
    from ({{ raw_current('stripe', 'charge') }}) as charge
    where status = 'succeeded'
    {%- endif %}
    {%- if is_read('pretix') %}
    union all
    select
        'pretix' as source_system,
        coalesce(sum({{ to_minor('payment.amount', 'orders.currency_code') }}), 0) as amount_minor
    from ({{ raw_current('pretix', 'order_payment') }}) as payment
    inner join {{ ref('base_pretix__orders') }} as orders on payment.{{ adapter.quote('order') }} = orders.order_code
    where payment.state in ('confirmed', 'refunded')
    {%- endif %}
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
