-- One row per interaction between a person and the organisation, whatever system saw it.
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
        is_bot,
        is_bad,
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
        unidentified.is_bot,
        unidentified.is_bad,
        unidentified.occurred_at,
        unidentified.known_at
    from unidentified
    left join current_map
        on
            unidentified.source_system = current_map.source_system
            and unidentified.source_record_id = current_map.source_record_id
),

keyed as (
    select
        {{ touchpoint_id(
            'source_system', 'activity', 'source_id', 'source_record_id'
        ) }} as touchpoint_id,
        touches.*
    from touches
    where occurred_at <= {{ as_of_timestamp() }}
)

-- The one sort of this table; what a machine did is nothing the person did.
select
    keyed.touchpoint_id,
    keyed.member_key,
    keyed.activity,
    keyed.source_system,
    keyed.source_event_id,
    keyed.source_case_id,
    keyed.campaign_id,
    coalesce(keyed.channel, activities.channel) as channel,
    coalesce(keyed.department, activities.department) as department,
    activities.direction,
    coalesce(keyed.actor_type, activities.actor_type) as actor_type,
    keyed.purpose,
    keyed.currency_code,
    keyed.revenue_minor,
    case
        when keyed.member_key is not null
            then cast(row_number() over one_activity_of_a_person as integer)
    end as occurrence_no,
    activities.is_member_initiated and not coalesce(keyed.is_bot, false) as is_member_initiated,
    activities.is_meaningful and not coalesce(keyed.is_bot, false) as is_meaningful,
    activities.is_high_intent,
    activities.is_advocacy,
    activities.is_value_event,
    activities.is_negative or keyed.is_bad as is_negative,
    keyed.is_bot,
    {{ local_date('keyed.occurred_at') }} as touch_date,
    keyed.occurred_at,
    case when keyed.member_key is not null then lag(keyed.occurred_at) over one_activity_of_a_person end
        as prev_at,
    case when keyed.member_key is not null then lead(keyed.occurred_at) over one_activity_of_a_person end
        as next_at,
    keyed.known_at
from keyed
inner join activities on keyed.activity = activities.activity
window
    one_activity_of_a_person as (
        partition by keyed.member_key, keyed.activity
        order by keyed.occurred_at, keyed.touchpoint_id
    )
