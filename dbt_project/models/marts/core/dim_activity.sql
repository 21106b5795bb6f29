-- One row per kind of interaction. The catalogue is a seed: what an activity means is decided once, in
-- review; so is what it weighs in the engagement score.
with activities as (
    select * from {{ ref('activity_catalogue') }}
),

weights as (
    select * from {{ ref('engagement_weights') }}
)

select
    activities.activity,
    activities.activity_label,
    activities.department,
    activities.channel,
    activities.direction,
    activities.actor_type,
    activities.is_member_initiated,
    activities.is_meaningful,
    activities.is_high_intent,
    activities.is_advocacy,
    activities.is_value_event,
    activities.is_negative,
    activities.experience_type,
    activities.relation_class,
    case
        when activities.activity = 'unlisted' then 'unlisted'
        when activities.channel = 'advertising' then 'online_advertising'
        when activities.channel = 'social' then 'social_media'
        when activities.activity = 'survey_responded' then 'surveys'
        when activities.channel in ('email', 'post', 'sms') and activities.department = 'marketing'
            then 'direct_messages'
        when activities.department = 'service' then 'customer_service'
        when activities.department = 'events' then 'events'
        when activities.department = 'finance' or activities.activity = 'offer_used' then 'purchases'
        when activities.activity like 'membership_%' then 'membership'
        when activities.department = 'marketing'
            or activities.activity in ('join_page_viewed', 'form_submitted')
            then 'website'
        else 'advocacy_and_volunteering'
    end as touchpoint_kind,
    cast({{ engagement_setting('weight', 'coalesce(weights.weight, 0)') }} as double precision)
        as weight,
    cast({{ engagement_setting('half_life_days', 'coalesce(weights.half_life_days, 90)') }} as integer)
        as half_life_days,
    cast({{ engagement_setting('cap_day', 'coalesce(weights.cap_day, 1)') }} as integer) as cap_day,
    cast({{ engagement_setting('cap_28d', 'coalesce(weights.cap_28d, 4)') }} as integer) as cap_28d
from activities
left join weights on activities.activity = weights.activity
