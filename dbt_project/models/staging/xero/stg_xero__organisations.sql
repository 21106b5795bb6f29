with contacts as (
    select * from {{ ref('base_xero__contacts') }}
)

select
    contact_id as source_organisation_id,
    name as organisation_name,
    'organisation' as kind,
    email_key,
    cast(null as timestamp) as created_at,
    known_at
from contacts
where not is_person
