with person as (
    {{ raw_current('actionnetwork', 'person') }}
)

select
    id as source_record_id,
    'contact' as record_kind,
    nullif(trim(member_number), '') is not null as is_member_bearing,
    foreign_system as foreign_source_system,
    foreign_id as foreign_record_id,
    cast(null as varchar) as sso_subject,
    nullif(upper(replace(member_number, ' ', '')), '') as member_number,
    nullif(trim(given_name), '') as first_name,
    nullif(trim(family_name), '') as last_name,
    case when birth_date like '____-__-__%' then cast(substring(birth_date, 1, 10) as date) end as birth_date,
    email,
    email_key,
    phone_e164,
    nullif(trim(street), '') as street,
    nullif(trim(postal_code), '') as postal_code,
    nullif(trim(city), '') as city,
    false as is_organisation,
    cast(null as date) as deceased_on,
    created_date as created_at,
    modified_date as updated_at,
    _first_known_at as known_at
from person
