-- One row per two messages of two departments to the same person, closer together than
-- var collision_hours (a day). Only messages with any close neighbour are compared pair by pair.
with messages as (

    select
        member_key,
        message_id,
        touchpoint_id,
        department,
        channel,
        purpose,
        campaign_id,
        sent_date,
        sent_at
    from {{ ref('fct_message') }}
    where member_key is not null

),

neighboured as (

    select
        *,
        lag(sent_at) over (partition by member_key order by sent_at, message_id) as prev_sent_at,
        lead(sent_at) over (partition by member_key order by sent_at, message_id) as next_sent_at
    from messages

),

crowded as (

    select * from neighboured
    where
        sent_at < {{ dbt.dateadd('hour', var('collision_hours'), 'prev_sent_at') }}
        or next_sent_at < {{ dbt.dateadd('hour', var('collision_hours'), 'sent_at') }}

)

select
    {{ surrogate_key(['earlier.message_id', 'later.message_id']) }} as collision_id,
    earlier.member_key,
    earlier.message_id as first_message_id,
    later.message_id as second_message_id,
    earlier.touchpoint_id as first_touchpoint_id,
    later.touchpoint_id as second_touchpoint_id,
    earlier.department as first_department,
    later.department as second_department,
    earlier.channel as first_channel,
    later.channel as second_channel,
    earlier.purpose as first_purpose,
    later.purpose as second_purpose,
    cast({{ dbt.datediff('earlier.sent_at', 'later.sent_at', 'second') }} as bigint) as seconds_apart,
    later.sent_date as collision_date
from crowded as earlier
inner join crowded as later
    on
        earlier.member_key = later.member_key
        and earlier.department <> later.department
        and later.sent_at < {{ dbt.dateadd('hour', var('collision_hours'), 'earlier.sent_at') }}
        and (
            earlier.sent_at < later.sent_at
            or (earlier.sent_at = later.sent_at and earlier.message_id < later.message_id)
        )
