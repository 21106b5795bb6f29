with partners as (
    select * from {{ ref('base_odoo__partners') }}
),

registrations as (
    select * from {{ ref('base_odoo__registrations') }}
    where is_attendee_record
),

terms as (
    select distinct source_record_id as record_id
    from {{ ref('stg_odoo__membership_terms') }}
)

select
    partners.record_id as source_record_id,
    'contact' as record_kind,
    terms.record_id is not null as is_member_bearing,
    cast(null as varchar) as foreign_source_system,
    cast(null as varchar) as foreign_record_id,
    cast(null as varchar) as sso_subject,
    partners.member_number,
    case
        when not partners.is_organisation then coalesce(partners.first_name, {{ first_names('partners.full_name') }})
    end as first_name,
    case
        when not partners.is_organisation then coalesce(partners.last_name, {{ last_name('partners.full_name') }})
    end as last_name,
    partners.birth_date,
    partners.email,
    partners.email_key,
    partners.phone_e164,
    partners.street,
    partners.postal_code,
    partners.city,
    partners.is_organisation,
    cast(null as date) as deceased_on,
    partners.created_at,
    partners.updated_at,
    partners.known_at
from partners
left join terms on partners.record_id = terms.record_id
where not partners.is_address
union all
select
    record_id as source_record_id,
    'attendee' as record_kind,
    false as is_member_bearing,
    cast(null as varchar) as foreign_source_system,
    cast(null as varchar) as foreign_record_id,
    cast(null as varchar) as sso_subject,
    cast(null as varchar) as member_number,
    {{ first_names('full_name') }} as first_name,
    {{ last_name('full_name') }} as last_name,
    cast(null as date) as birth_date,
    email,
    email_key,
    phone_e164,
    cast(null as varchar) as street,
    cast(null as varchar) as postal_code,
    cast(null as varchar) as city,
    false as is_organisation,
    cast(null as date) as deceased_on,
    registered_at as created_at,
    updated_at,
    known_at
from registrations
