with unioned as (
    {{ union_staged('surveys') }}
)

select
    source_response_id,
    source_record_id,
    survey_code,
    lifecycle_point,
    score,
    responded_at,
    source_system,
    known_at
from unioned
