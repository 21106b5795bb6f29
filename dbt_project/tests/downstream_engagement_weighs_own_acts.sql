-- What counts in the engagement score is something people do themselves, with a half-life and caps
-- that make sense; an opened message never counts.
select
    activity,
    weight,
    half_life_days,
    cap_day,
    cap_28d
from {{ ref('dim_activity') }}
where
    weight < 0
    or half_life_days < 1
    or cap_day < 1
    or cap_28d < 1
    or (weight > 0 and (not is_member_initiated or activity = 'email_opened'))
