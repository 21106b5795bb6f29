with zendesk_user as (
    {{ raw_current('zendesk', 'user') }}
)

select
    cast(id as varchar) as source_record_id,
    'contact' as record_kind,
    false as is_member_bearing,
    contact_system as foreign_source_system,
    contact_id as foreign_record_id,
    cast(null as varchar) as sso_subject,
    nullif(upper(replace(member_number, ' ', '')), '') as member_number,
    {{ first_names('name') }} as first_name,
    {{ last_name('name') }} as last_name,
    cast(null as date) as birth_date,
    email,
    email_key,
    phone_e164,
    cast(null as varchar) as street,
    cast(null as varchar) as postal_code,
    cast(null as varchar) as city,
    false as is_organisation,
    cast(null as date) as deceased_on,
    created_at,
    updated_at,
    _first_known_at as known_at
from zendesk_user
where role = 'end-user'
