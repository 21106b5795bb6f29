with cases as (
    {{ raw_current('filedrop', 'cases') }}
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
    _first_known_at as known_at
from cases
