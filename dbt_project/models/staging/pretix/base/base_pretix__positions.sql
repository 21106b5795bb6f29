-- One row per ticket. Contact details of the order belong to the attendee only when the order has a
-- single ticket; a group's attendees are not the person who booked.
with order_position as (
    {{ raw_current('pretix', 'order_position') }}
),

item as (
    {{ raw_current('pretix', 'item') }}
),

orders as (
    select * from {{ ref('base_pretix__orders') }}
)

select
    order_position.id as position_key,
    cast(order_position.id as varchar) as position_id,
    {{ dbt.concat(['orders.order_code', "'-'", 'cast(order_position.positionid as varchar)']) }} as record_id,
    orders.order_code,
    orders.event_id,
    -- In a series, the date; without one the ticket is for nothing that can be attended.
    case
        when orders.is_series
            then {{ dbt.concat(['orders.event_id', "'/'", 'cast(order_position.subevent as varchar)']) }}
        else orders.event_id
    end as attended_event_id,
    -- What a shop sells besides tickets (shirts, catering) is marked so; unknown products are tickets.
    coalesce(item.admission, true) as is_admission,
    orders.order_status,
    orders.currency_code,
    orders.email_key as registrant_email_key,
    nullif(trim({{ json_get('order_position.attendee_name_parts', 'given_name') }}), '') as first_name,
    nullif(trim({{ json_get('order_position.attendee_name_parts', 'family_name') }}), '') as last_name,
    nullif(trim(order_position.attendee_name), '') as full_name,
    coalesce(order_position.attendee_email, case when orders.position_count = 1 then orders.email end) as email,
    coalesce(order_position.attendee_email_key, case when orders.position_count = 1 then orders.email_key end)
        as email_key,
    case when orders.position_count = 1 then orders.phone_e164 end as phone_e164,
    nullif(upper(replace(
        {{ json_array_lookup('order_position.answers', 'question_identifier', 'MEMBERNO', 'answer') }}, ' ', ''
    )), '') as member_number,
    {{ to_minor('order_position.price', 'orders.currency_code') }} as price_minor,
    coalesce(order_position.canceled, false) as is_cancelled,
    orders.ordered_at,
    orders.cancelled_at,
    orders.updated_at,
    order_position._first_known_at as known_at
from order_position
inner join orders on order_position.{{ adapter.quote('order') }} = orders.order_code
left join item on order_position.item = item.id
