with unioned as (
    {{ union_staged('consents') }}
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
    source_system,
    known_at
from unioned
