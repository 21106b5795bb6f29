with commerce as (
    select * from {{ ref('int_touchpoints__commerce') }}
),

messages as (
    select * from {{ ref('int_touchpoints__messages') }}
),

membership as (
    select * from {{ ref('int_touchpoints__membership') }}
),

service as (
    select * from {{ ref('int_touchpoints__service') }}
),

activities as (
    select * from {{ ref('dim_activity') }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
),

unidentified as (
    select * from messages
    union all
    select * from membership
    union all
    select * from service
),

touches as (
    select
        activity,
        source_id,
        cast(null as varchar) as source_record_id,
        member_key,
        source_system,
        source_event_id,
        source_case_id,
        campaign_id,
        channel,
        department,
        actor_type,
        purpose,
        currency_code,
        revenue_minor,
        occurred_at,
        known_at
    from commerce
    union all
    select
        unidentified.activity,
        unidentified.source_id,
        unidentified.source_record_id,
        current_map.member_key,
        unidentified.source_system,
        unidentified.source_event_id,
        unidentified.source_case_id,
        unidentified.campaign_id,
        unidentified.channel,
        unidentified.department,
        unidentified.actor_type,
        unidentified.purpose,
        cast(null as varchar) as currency_code,
        cast(null as bigint) as revenue_minor,
        unidentified.occurred_at,
        unidentified.known_at
    from unidentified
    left join current_map
        on
            unidentified.source_system = current_map.source_system
            and unidentified.source_record_id = current_map.source_record_id
)

select
    {{ surrogate_key([
        'touches.source_system', 'touches.activity', 'touches.source_id', 'touches.source_record_id'
    ]) }} as touchpoint_id,
    touches.member_key,
    touches.activity,
    touches.source_system,
    touches.source_event_id,
    touches.source_case_id,
    touches.campaign_id,
    coalesce(touches.channel, activities.channel) as channel,
    coalesce(touches.department, activities.department) as department,
    activities.direction,
    coalesce(touches.actor_type, activities.actor_type) as actor_type,
    touches.purpose,
    touches.currency_code,
    touches.revenue_minor,
    activities.is_member_initiated,
    activities.is_meaningful,
    activities.is_high_intent,
    activities.is_advocacy,
    activities.is_value_event,
    activities.is_negative,
    {{ local_date('touches.occurred_at') }} as touch_date,
    touches.occurred_at,
    touches.known_at
from touches
inner join activities on touches.activity = activities.activity
where touches.occurred_at <= {{ as_of_timestamp() }}
