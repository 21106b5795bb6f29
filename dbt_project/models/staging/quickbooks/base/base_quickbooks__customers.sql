-- A customer with a person's name and no company name is a person; every other one counts as an
-- organisation, as a company linked to a person does more harm than a person left unlinked.
with customer as (
    {{ raw_current('quickbooks', 'customer') }}
)

select
    id as customer_id,
    display_name,
    nullif(trim(given_name), '') as first_name,
    nullif(trim(family_name), '') as last_name,
    email,
    email_key,
    coalesce(mobile_e164, phone_e164) as phone_e164,
    street,
    postal_code,
    city,
    nullif(trim(company_name), '') is null
    and coalesce(nullif(trim(given_name), ''), nullif(trim(family_name), '')) is not null as is_person,
    create_time as created_at,
    last_updated_time as updated_at,
    _first_known_at as known_at
from customer
