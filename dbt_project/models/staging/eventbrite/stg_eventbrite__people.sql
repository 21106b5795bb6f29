with attendees as (
    select * from {{ ref('base_eventbrite__attendees') }}
),

orders as (
    select * from {{ ref('base_eventbrite__orders') }}
),

records as (
    select
        record_id as source_record_id,
        'attendee' as record_kind,
        coalesce(first_name, {{ first_names('full_name') }}) as first_name,
        coalesce(last_name, {{ last_name('full_name') }}) as last_name,
        email,
        email_key,
        phone_e164,
        registered_at as created_at,
        updated_at,
        known_at
    from attendees
    union all
    select
        {{ dbt.concat(["'order-'", 'order_id']) }} as source_record_id,
        'customer' as record_kind,
        coalesce(first_name, {{ first_names('full_name') }}) as first_name,
        coalesce(last_name, {{ last_name('full_name') }}) as last_name,
        email,
        email_key,
        cast(null as varchar) as phone_e164,
        ordered_at as created_at,
        updated_at,
        known_at
    from orders
    where gross_minor > 0
)

select
    source_record_id,
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
from records
