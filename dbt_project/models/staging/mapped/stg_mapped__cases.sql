with cases as (
    {{ raw_current('mapped', 'cases') }}
)

select
    source_system,
    source_case_id,
    source_record_id,
    case_type,
    received_at,
    first_resolved_at,
    last_resolved_at,
    coalesce(reopened_count, 0) as reopened_count,
    coalesce(status, case when last_resolved_at is null then 'open' else 'resolved' end) as status,
    _first_known_at as known_at
from cases
