with consents as (
    {{ raw_current('mapped', 'consents') }}
)

select
    source_system,
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
