with people as (
    {{ raw_current('mapped', 'people') }}
)

select
    source_system,
    source_record_id,
    coalesce(record_kind, 'contact') as record_kind,
    coalesce(is_member_bearing, false) as is_member_bearing,
    foreign_source_system,
    foreign_record_id,
    sso_subject,
    nullif(upper(replace(member_number, ' ', '')), '') as member_number,
    nullif(trim(first_name), '') as first_name,
    nullif(trim(last_name), '') as last_name,
    birth_date,
    email,
    email_key,
    phone_e164,
    street,
    postal_code,
    city,
    coalesce(is_organisation, false) as is_organisation,
    deceased_on,
    created_at,
    updated_at,
    _first_known_at as known_at
from people
