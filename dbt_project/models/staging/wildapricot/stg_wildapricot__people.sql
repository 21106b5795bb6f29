-- Contacts, and guests somebody else registered: they are no contacts, but they attend.
with contacts as (
    select * from {{ ref('base_wildapricot__contacts') }}
),

registrations as (
    select * from {{ ref('base_wildapricot__registrations') }}
    where is_guest
)

select
    contact_id as source_record_id,
    'contact' as record_kind,
    level_id is not null as is_member_bearing,
    cast(null as varchar) as foreign_source_system,
    cast(null as varchar) as foreign_record_id,
    cast(null as varchar) as sso_subject,
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
    cast(null as date) as deceased_on,
    created_at,
    updated_at,
    known_at
from contacts
union all
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
    cast(null as varchar) as phone_e164,
    cast(null as varchar) as street,
    cast(null as varchar) as postal_code,
    cast(null as varchar) as city,
    false as is_organisation,
    cast(null as date) as deceased_on,
    registered_at as created_at,
    registered_at as updated_at,
    known_at
from registrations
