-- The whole order is one payment; each of its tickets that was refunded is one refund. Only statuses
-- that say an order was completed count as money.
with orders as (
    select * from {{ ref('base_eventbrite__orders') }}
    where gross_minor > 0 and order_status in ('placed', 'refunded', 'cancelled', 'transferred')
),

attendees as (
    select * from {{ ref('base_eventbrite__attendees') }}
),

movements as (
    select
        {{ dbt.concat(["'order-'", 'order_id']) }} as source_payment_id,
        'payment' as kind,
        order_id,
        cast(null as varchar) as parent_payment_id,
        gross_minor as amount_minor,
        ordered_at as occurred_at,
        known_at
    from orders
    union all
    select
        {{ dbt.concat(["'refund-'", 'attendee_id']) }} as source_payment_id,
        'refund' as kind,
        order_id,
        {{ dbt.concat(["'order-'", 'order_id']) }} as parent_payment_id,
        -gross_minor as amount_minor,
        refunded_at as occurred_at,
        known_at
    from attendees
    where is_refunded and gross_minor > 0
)

select
    movements.source_payment_id,
    movements.kind,
    {{ dbt.concat(["'order-'", 'orders.order_id']) }} as source_record_id,
    cast(null as varchar) as source_invoice_id,
    movements.parent_payment_id,
    movements.amount_minor,
    cast(null as bigint) as attempted_minor,
    orders.currency_code,
    movements.occurred_at,
    'eventbrite' as method,
    'event' as purpose,
    movements.known_at
from movements
inner join orders on movements.order_id = orders.order_id
