-- A partner with a parent and a type other than contact is an address of the parent, not a person.
with partner as (
    {{ raw_current('odoo', 'partner') }}
),

addressed as (
    select
        *,
        parent is not null and coalesce(type, 'contact') not in ('contact', 'private') as is_address
    from partner
)

select
    cast(id as varchar) as partner_id,
    cast(case when is_address then parent else id end as varchar) as record_id,
    nullif(trim(name), '') as full_name,
    nullif(trim(firstname), '') as first_name,
    nullif(trim(lastname), '') as last_name,
    nullif(upper(replace(ref, ' ', '')), '') as member_number,
    email,
    email_key,
    coalesce(mobile_e164, phone_e164) as phone_e164,
    nullif(trim(street), '') as street,
    nullif(trim(zip), '') as postal_code,
    nullif(trim(city), '') as city,
    is_address,
    coalesce(is_company, false) as is_organisation,
    birthdate_date as birth_date,
    create_date as created_at,
    write_date as updated_at,
    _first_known_at as known_at
from addressed
