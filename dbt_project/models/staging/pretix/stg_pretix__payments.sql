-- A payment that was refunded in full later (state `refunded`) came in all the same.
with orders as (
    select * from {{ ref('base_pretix__orders') }}
),

order_payment as (
    {{ raw_current('pretix', 'order_payment') }}
),

order_refund as (
    {{ raw_current('pretix', 'order_refund') }}
),

payments as (
    select
        {{ dbt.concat([adapter.quote('order'), "'-P-'", 'cast(local_id as varchar)']) }} as source_payment_id,
        case when state = 'failed' then 'failed_charge' else 'payment' end as kind,
        {{ adapter.quote('order') }} as order_code,
        cast(null as varchar) as parent_payment_id,
        case when state = 'failed' then 0 else amount end as signed_amount,
        case when state = 'failed' then amount end as attempted_amount,
        coalesce(payment_date, created) as occurred_at,
        provider,
        _first_known_at as known_at
    from order_payment
    where state in ('confirmed', 'refunded', 'failed')
),

refunds as (
    select
        {{ dbt.concat([adapter.quote('order'), "'-R-'", 'cast(local_id as varchar)']) }} as source_payment_id,
        'refund' as kind,
        {{ adapter.quote('order') }} as order_code,
        {{ dbt.concat([adapter.quote('order'), "'-P-'", 'cast(payment as varchar)']) }} as parent_payment_id,
        -amount as signed_amount,
        cast(null as decimal(18, 4)) as attempted_amount,
        coalesce(execution_date, created) as occurred_at,
        provider,
        _first_known_at as known_at
    from order_refund
    where state = 'done'
),

movements as (
    select * from payments
    union all
    select * from refunds
)

select
    movements.source_payment_id,
    movements.kind,
    orders.registrant_record_id as source_record_id,
    cast(null as varchar) as source_invoice_id,
    movements.parent_payment_id,
    {{ to_minor('movements.signed_amount', 'orders.currency_code') }} as amount_minor,
    {{ to_minor('movements.attempted_amount', 'orders.currency_code') }} as attempted_minor,
    orders.currency_code,
    movements.occurred_at,
    movements.provider as method,
    'event' as purpose,
    movements.known_at
from movements
inner join orders on movements.order_code = orders.order_code
