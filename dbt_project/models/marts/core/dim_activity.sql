-- The catalogue of interactions is a seed: what an activity means is decided once, in review.
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
    is_negative
from {{ ref('activity_catalogue') }}
