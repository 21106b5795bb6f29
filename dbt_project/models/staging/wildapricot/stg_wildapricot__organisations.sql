with contacts as (
    select * from {{ ref('base_wildapricot__contacts') }}
)

select
    contact_id as source_organisation_id,
    organisation_name,
    'organisation' as kind,
    email_key,
    created_at,
    known_at
from contacts
where is_organisation
