with contacts as (
    select * from {{ ref('base_civicrm__contacts') }}
),

membership as (
    {{ raw_current('civicrm', 'membership') }}
),

members as (
    select distinct cast(contact_id as varchar) as contact_id
    from membership
    where not coalesce(is_test, false)
)

select
    contacts.contact_id as source_record_id,
    'contact' as record_kind,
    contacts.member_number is not null or members.contact_id is not null as is_member_bearing,
    cast(null as varchar) as foreign_source_system,
    cast(null as varchar) as foreign_record_id,
    cast(null as varchar) as sso_subject,
    contacts.member_number,
    contacts.first_name,
    contacts.last_name,
    contacts.birth_date,
    contacts.email,
    contacts.email_key,
    contacts.phone_e164,
    contacts.street,
    contacts.postal_code,
    contacts.city,
    contacts.contact_type <> 'Individual' as is_organisation,
    case
        when contacts.deceased_date is not null then contacts.deceased_date
        when contacts.is_deceased then {{ local_date('contacts.updated_at') }}
    end as deceased_on,
    contacts.created_at,
    contacts.updated_at,
    contacts.known_at
from contacts
left join members on contacts.contact_id = members.contact_id
