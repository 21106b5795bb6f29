-- What an order cost is the greatest amount ever known of it: should a refund lower the amount, the
-- refund would otherwise be taken off twice.
with eventbrite_order as (
    {{ raw_current('eventbrite', 'order') }}
),

order_history as (
    {{ raw_history('eventbrite', 'order') }}
),

charged as (
    select
        id as order_id,
        max(gross) as gross_minor
    from order_history
    group by id
)

select
    eventbrite_order.id as order_id,
    eventbrite_order.event_id,
    lower(eventbrite_order.status) as order_status,
    nullif(trim(eventbrite_order.name), '') as full_name,
    nullif(trim(eventbrite_order.first_name), '') as first_name,
    nullif(trim(eventbrite_order.last_name), '') as last_name,
    eventbrite_order.email,
    eventbrite_order.email_key,
    upper(eventbrite_order.currency) as currency_code,
    coalesce(charged.gross_minor, 0) as gross_minor,
    eventbrite_order.created as ordered_at,
    eventbrite_order.changed as updated_at,
    eventbrite_order._first_known_at as known_at
from eventbrite_order
inner join charged on eventbrite_order.id = charged.order_id
where lower(coalesce(eventbrite_order.status, '')) not in ('deleted', 'abandoned', 'started')
