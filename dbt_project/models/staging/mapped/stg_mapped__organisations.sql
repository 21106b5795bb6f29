with organisations as (
    {{ raw_current('mapped', 'organisations') }}
)

select
    source_system,
    source_organisation_id,
    organisation_name,
    coalesce(kind, 'organisation') as kind,
    email_key,
    created_at,
    _first_known_at as known_at
from organisations
