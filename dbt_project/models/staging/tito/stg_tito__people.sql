with registrations as (
    select * from {{ ref('base_tito__registrations') }}
),

tickets as (
    select * from {{ ref('base_tito__tickets') }}
),

unioned as (
    select
        record_id,
        'customer' as record_kind,
        {{ first_names('full_name') }} as first_name,
        {{ last_name('full_name') }} as last_name,
        email,
        email_key,
        phone_e164,
        created_at,
        updated_at,
        known_at
    from registrations
    union all
    select
        record_id,
        'attendee' as record_kind,
        coalesce(first_name, {{ first_names('full_name') }}) as first_name,
        coalesce(last_name, {{ last_name('full_name') }}) as last_name,
        email,
        email_key,
        phone_e164,
        created_at,
        updated_at,
        known_at
    from tickets
)

select
    record_id as source_record_id,
    record_kind,
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
    created_at,
    updated_at,
    known_at
from unioned
