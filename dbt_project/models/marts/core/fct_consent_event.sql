-- One row per statement about whether a person may be written to. A later statement adds a row and takes
-- none away; only a source that overwrites its own statement (Mailchimp keeps a status) shows the latest.
with consents as (
    select * from {{ ref('conformed__consents') }}
    where occurred_at is null or occurred_at <= {{ as_of_timestamp() }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
)

select
    {{ surrogate_key(['consents.source_system', 'consents.source_consent_id']) }} as consent_event_key,
    current_map.member_key,
    consents.source_system,
    consents.source_consent_id,
    consents.channel,
    consents.purpose,
    consents.status,
    consents.reason,
    consents.evidence,
    {{ local_date('consents.occurred_at') }} as occurred_date,
    consents.occurred_at,
    consents.known_at
from consents
left join current_map
    on
        consents.source_system = current_map.source_system
        and consents.source_record_id = current_map.source_record_id
