with positions as (
    select * from {{ ref('base_pretix__positions') }}
),

checkin as (
    {{ raw_current('pretix', 'checkin') }}
),

entries as (
    select
        position as position_key,
        min(datetime) as checked_in_at
    from checkin
    where successful and type = 'entry'
    group by position
)

select
    positions.position_id as source_registration_id,
    positions.attended_event_id as source_event_id,
    positions.record_id as source_record_id,
    positions.registrant_email_key,
    positions.ordered_at as registered_at,
    case
        when positions.order_status = 'c' or positions.is_cancelled
            then coalesce(positions.cancelled_at, positions.updated_at)
    end as cancelled_at,
    case
        when positions.order_status = 'c' or positions.is_cancelled then 'cancelled'
        when positions.order_status = 'e' then 'expired'
        else 'registered'
    end as status,
    entries.checked_in_at,
    positions.price_minor,
    positions.currency_code,
    positions.known_at
from positions
left join entries on positions.position_key = entries.position_key
where
    positions.is_admission
    and positions.attended_event_id is not null
