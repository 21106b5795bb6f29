-- A registration names who booked (the partner) and who attends. They are one person when address
-- and name agree, or when the registration names nobody else.
with registration as (
    {{ raw_current('odoo', 'registration') }}
),

partners as (
    select * from {{ ref('base_odoo__partners') }}
),

booked as (
    select
        registration.*,
        partners.record_id as booker_record_id,
        partners.email_key as booker_email_key,
        coalesce(registration.email_key, partners.email_key, '') = coalesce(partners.email_key, '')
        and coalesce({{ name_key('registration.name') }}, {{ name_key('partners.full_name') }}, '')
        = coalesce({{ name_key('partners.full_name') }}, '') as is_booker
    from registration
    left join partners on cast(registration.partner as varchar) = partners.partner_id
)

select
    cast(id as varchar) as registration_id,
    cast(event as varchar) as event_id,
    case
        when booker_record_id is not null and is_booker then booker_record_id
        else {{ dbt.concat(["'registration-'", 'cast(id as varchar)']) }}
    end as record_id,
    booker_record_id is null or not is_booker as is_attendee_record,
    nullif(trim(name), '') as full_name,
    email,
    email_key,
    phone_e164,
    coalesce(booker_email_key, email_key) as registrant_email_key,
    state,
    order_name,
    -- An archived registration is one the organisers took off their list.
    state = 'cancel' or not coalesce(active, true) as is_cancelled,
    create_date as registered_at,
    date_closed as attended_at,
    write_date as updated_at,
    _first_known_at as known_at
from booked
