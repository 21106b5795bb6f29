with people as (
    {{ raw_current('filedrop', 'people') }}
)

select
    source_record_id,
    record_kind,
    is_member_bearing,
    foreign_source_system,
    foreign_record_id,
    sso_subject,
    member_number,
    first_name,
    last_name,
    birth_date,
    email,
    email_key,
    phone_e164,
    street,
    postal_code,
    city,
    is_organisation,
    deceased_on,
    created_at,
    updated_at,
    _first_known_at as known_at
from people
