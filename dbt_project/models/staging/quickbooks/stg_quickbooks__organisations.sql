with customers as (
    select * from {{ ref('base_quickbooks__customers') }}
)

select
    customer_id as source_organisation_id,
    display_name as organisation_name,
    'organisation' as kind,
    email_key,
    created_at,
    known_at
from customers
where not is_person
