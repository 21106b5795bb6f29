with contacts as (
    select * from {{ ref('base_civicrm__contacts') }}
)

select
    contact_id as source_organisation_id,
    organisation_name,
    lower(replace(contact_type, 'Organization', 'organisation')) as kind,
    email_key,
    created_at,
    known_at
from contacts
where contact_type in ('Organization', 'Household')
