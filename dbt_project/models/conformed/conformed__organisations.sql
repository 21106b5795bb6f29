with unioned as (
    {{ union_staged('organisations') }}
)

select
    source_organisation_id,
    organisation_name,
    kind,
    email_key,
    created_at,
    source_system,
    known_at
from unioned
