with surveys as (
    {{ raw_current('mapped', 'surveys') }}
)

select
    source_system,
    source_response_id,
    coalesce(source_record_id, source_response_id) as source_record_id,
    survey_code,
    lifecycle_point,
    score,
    responded_at,
    _first_known_at as known_at
from surveys
