with contacts as (
    select * from {{ ref('base_civicrm__contacts') }}
)

select
    contact_id as source_record_id,
    service_hold as hold,
    updated_at as since,
    known_at
from contacts
where service_hold is not null and service_hold <> ''
