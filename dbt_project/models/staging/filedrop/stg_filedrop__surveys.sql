with surveys as (
    {{ raw_current('filedrop', 'surveys') }}
)

select
    source_response_id,
    source_record_id,
    survey_code,
    lifecycle_point,
    score,
    responded_at,
    _first_known_at as known_at
from surveys
