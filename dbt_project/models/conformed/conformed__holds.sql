with unioned as (
    {{ union_staged('holds') }}
)

select
    source_record_id,
    hold,
    since,
    source_system,
    known_at
from unioned
