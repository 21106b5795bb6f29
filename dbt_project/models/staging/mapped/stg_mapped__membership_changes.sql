with membership_changes as (
    {{ raw_current('mapped', 'membership_changes') }}
)

select
    source_system,
    source_change_id,
    source_membership_id,
    source_record_id,
    change_type,
    change_date,
    _first_known_at as known_at
from membership_changes
