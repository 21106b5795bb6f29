with organization as (
    {{ raw_current('zendesk', 'organization') }}
)

select
    cast(id as varchar) as source_organisation_id,
    name as organisation_name,
    'organisation' as kind,
    cast(null as varchar) as email_key,
    created_at,
    _first_known_at as known_at
from organization
