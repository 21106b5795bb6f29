with steps as (
    select * from {{ ref('base_civicrm__membership_steps') }}
)

select
    log_id as source_change_id,
    membership_id as source_membership_id,
    contact_id as source_record_id,
    step as change_type,
    changed_on as change_date,
    known_at
from steps
where step in ('application_opened', 'application_withdrawn', 'paused', 'resumed', 'resigned')
