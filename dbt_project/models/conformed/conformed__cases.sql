with unioned as (
    {{ union_staged('cases') }}
)

select
    source_case_id,
    source_record_id,
    case_type,
    received_at,
    first_resolved_at,
    last_resolved_at,
    reopened_count,
    status,
    source_system,
    known_at
from unioned
