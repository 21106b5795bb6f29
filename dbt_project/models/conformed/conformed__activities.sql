with unioned as (
    {{ union_staged('activities') }}
)

select
    source_activity_id,
    source_record_id,
    activity,
    occurred_at,
    channel,
    department,
    actor_type,
    source_case_id,
    source_system,
    known_at
from unioned
