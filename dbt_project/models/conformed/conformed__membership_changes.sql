with unioned as (
    {{ union_staged('membership_changes') }}
)

select
    source_change_id,
    source_membership_id,
    source_record_id,
    change_type,
    change_date,
    source_system,
    known_at
from unioned
