-- Orders of real events in live mode, each with the position that stands for whoever booked.
with pretix_order as (
    {{ raw_current('pretix', 'order') }}
),

order_position as (
    {{ raw_current('pretix', 'order_position') }}
),

events as (
    select * from {{ ref('base_pretix__events') }}
),

first_positions as (
    select
        {{ adapter.quote('order') }} as order_code,
        min(positionid) as first_position,
        count(*) as position_count
    from order_position
    group by {{ adapter.quote('order') }}
)

select
    pretix_order.code as order_code,
    pretix_order.event as event_id,
    pretix_order.status as order_status,
    pretix_order.email,
    pretix_order.email_key,
    pretix_order.phone_e164,
    events.currency_code,
    events.is_series,
    {{ dbt.concat(['pretix_order.code', "'-'", 'cast(first_positions.first_position as varchar)']) }}
        as registrant_record_id,
    coalesce(first_positions.position_count, 0) as position_count,
    pretix_order.datetime as ordered_at,
    pretix_order.cancellation_date as cancelled_at,
    pretix_order.last_modified as updated_at,
    pretix_order._first_known_at as known_at
from pretix_order
inner join events on pretix_order.event = events.slug
left join first_positions on pretix_order.code = first_positions.order_code
where not coalesce(pretix_order.testmode, false)
