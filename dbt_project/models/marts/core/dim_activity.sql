-- The catalogue of interactions is a seed: what an activity means is decided once, in review.
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
    cast({{ engagement_setting('weight', 'coalesce(weights.weight, 0)') }} as double precision)
        as weight,
    cast({{ engagement_setting('half_life_days', 'coalesce(weights.half_life_days, 90)') }} as integer)
        as half_life_days,
    cast({{ engagement_setting('cap_day', 'coalesce(weights.cap_day, 1)') }} as integer) as cap_day,
    cast({{ engagement_setting('cap_28d', 'coalesce(weights.cap_28d, 4)') }} as integer) as cap_28d
from activities
left join weights on activities.activity = weights.activity
