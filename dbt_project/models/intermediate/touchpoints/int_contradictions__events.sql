-- One row per invitation to an event that comes too late, and event: the person had booked already, or
-- the event was over. An invitation is known to be for an event by the event's name in its title.
with messages as (

    select * from {{ ref('fct_message') }}
    where member_key is not null and {{ has_purpose('purpose', 'event_promotion') }}

),

campaigns as (

    select
        campaign_name,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at
    from messages
    where campaign_name is not null
    group by campaign_name

),

events as (

    select * from {{ ref('dim_event') }}
    where length(trim(event_name)) >= 4

),

promoted as (

    select
        campaigns.campaign_name,
        events.event_key,
        events.ends_at
    from campaigns
    inner join events
        on
            events.ends_at >= {{ dbt.dateadd('day', -365, 'campaigns.first_sent_at') }}
            and events.ends_at <= {{ dbt.dateadd('day', 730, 'campaigns.last_sent_at') }}
            and {{ dbt.position('lower(trim(events.event_name))', 'lower(campaigns.campaign_name)') }} > 0

),

bookings as (

    select
        event_key,
        member_key,
        {{ touchpoint_id(
            'source_system', "'event_registered'", 'source_registration_id', 'cast(null as varchar)'
        ) }} as touchpoint_id,
        registered_at,
        cancelled_at
    from {{ ref('fct_event_registration') }}
    where status <> 'expired' and member_key is not null

),

late as (

    select
        messages.message_id,
        messages.sent_at,
        promoted.event_key,
        promoted.ends_at,
        bookings.touchpoint_id,
        bookings.registered_at,
        row_number() over (
            partition by messages.message_id, promoted.event_key
            order by bookings.registered_at desc, bookings.touchpoint_id
        ) as from_last
    from messages
    inner join promoted on messages.campaign_name = promoted.campaign_name
    left join bookings
        on
            promoted.event_key = bookings.event_key
            and messages.member_key = bookings.member_key
            and messages.sent_at > bookings.registered_at
            and (bookings.cancelled_at is null or messages.sent_at < bookings.cancelled_at)

)

select
    case
        when ends_at < sent_at then 'event_promotion_after_event'
        else 'event_promotion_after_registration'
    end as rule_code,
    message_id,
    event_key,
    touchpoint_id as first_touchpoint_id,
    case
        when ends_at < sent_at then {{ local_date('ends_at') }}
        else {{ local_date('registered_at') }}
    end as first_date
from late
where from_last = 1 and (ends_at < sent_at or touchpoint_id is not null)
