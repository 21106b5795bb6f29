with consents as (
    {{ raw_current('filedrop', 'consents') }}
)

select
    source_consent_id,
    source_record_id,
    channel,
    purpose,
    status,
    reason,
    occurred_at,
    evidence,
    _first_known_at as known_at
from consents
