-- A merged contact names the one that took its place: the strongest evidence that both are one.
with contacts as (
    select * from {{ ref('base_xero__contacts') }}
)

select
    contact_id as source_record_id,
    'customer' as record_kind,
    false as is_member_bearing,
    case when merged_to_contact_id is not null then 'xero' end as foreign_source_system,
    merged_to_contact_id as foreign_record_id,
    cast(null as varchar) as sso_subject,
    cast(null as varchar) as member_number,
    case when is_person then first_name end as first_name,
    case when is_person then last_name end as last_name,
    cast(null as date) as birth_date,
    email,
    email_key,
    phone_e164,
    street,
    postal_code,
    city,
    not is_person as is_organisation,
    cast(null as date) as deceased_on,
    cast(null as timestamp) as created_at,
    updated_at,
    known_at
from contacts
