with activities as (
    {{ raw_current('mapped', 'activities') }}
)

select
    source_system,
    source_activity_id,
    source_record_id,
    activity,
    occurred_at,
    channel,
    department,
    actor_type,
    source_case_id,
    _first_known_at as known_at
from activities
