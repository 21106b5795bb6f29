with customer as (
    {{ raw_current('gocardless', 'customer') }}
)

select
    id as source_record_id,
    'customer' as record_kind,
    false as is_member_bearing,
    case when {{ json_get('metadata', 'civicrm_contact_id') }} is not null then 'civicrm' end as foreign_source_system,
    {{ json_get('metadata', 'civicrm_contact_id') }} as foreign_record_id,
    cast(null as varchar) as sso_subject,
    nullif(upper(replace({{ json_get('metadata', 'member_number') }}, ' ', '')), '') as member_number,
    nullif(trim(given_name), '') as first_name,
    nullif(trim(family_name), '') as last_name,
    cast(null as date) as birth_date,
    email,
    email_key,
    phone_e164,
    cast(null as varchar) as street,
    cast(null as varchar) as postal_code,
    cast(null as varchar) as city,
    coalesce(trim(company_name), '') <> ''
    and coalesce(trim(given_name), '') = ''
    and coalesce(trim(family_name), '') = '' as is_organisation,
    cast(null as date) as deceased_on,
    created_at,
    coalesce(_source_updated_at, created_at) as updated_at,
    _first_known_at as known_at
from customer
