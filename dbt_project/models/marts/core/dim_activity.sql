-- One row per kind of interaction. The catalogue is a seed: what an activity means is decided once, in
-- review.
select
    activity,
    activity_label,
    department,
    channel,
    direction,
    actor_type,
    is_member_initiated,
    is_meaningful,
    is_high_intent,
    is_advocacy,
    is_value_event,
    is_negative,
    experience_type,
    relation_class,
    case
        when activity = 'unlisted' then 'unlisted'
        when channel = 'advertising' then 'online_advertising'
        when channel = 'social' then 'social_media'
        when activity = 'survey_responded' then 'surveys'
        when channel in ('email', 'post', 'sms') and department = 'marketing' then 'direct_messages'
        when department = 'service' then 'customer_service'
        when department = 'events' then 'events'
        when department = 'finance' or activity = 'offer_used' then 'purchases'
        when activity like 'membership_%' then 'membership'
        when department = 'marketing' or activity in ('join_page_viewed', 'form_submitted') then 'website'
        else 'advocacy_and_volunteering'
    end as touchpoint_kind
from {{ ref('activity_catalogue') }}
