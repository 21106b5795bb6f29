with partners as (
    select * from {{ ref('base_odoo__partners') }}
)

select
    record_id as source_organisation_id,
    full_name as organisation_name,
    'organisation' as kind,
    email_key,
    created_at,
    known_at
from partners
where is_organisation and not is_address
