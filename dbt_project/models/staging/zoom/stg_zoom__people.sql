with registrants as (
    select * from {{ ref('base_zoom__registrants') }}
)

select
    record_id as source_record_id,
    'attendee' as record_kind,
    false as is_member_bearing,
    cast(null as varchar) as foreign_source_system,
    cast(null as varchar) as foreign_record_id,
    cast(null as varchar) as sso_subject,
    cast(null as varchar) as member_number,
    first_name,
    last_name,
    cast(null as date) as birth_date,
    email,
    email_key,
    phone_e164,
    cast(null as varchar) as street,
    cast(null as varchar) as postal_code,
    cast(null as varchar) as city,
    false as is_organisation,
    cast(null as date) as deceased_on,
    coalesce(registered_at, known_at) as created_at,
    coalesce(registered_at, known_at) as updated_at,
    known_at
from registrants
