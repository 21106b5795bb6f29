-- Midnight UTC in member_since is a day somebody typed; any other time is when the member joined.
with contact as (
    {{ raw_current('wildapricot', 'contact') }}
)

select
    id,
    cast(id as varchar) as contact_id,
    nullif(upper(replace(member_number, ' ', '')), '') as member_number,
    nullif(trim(first_name), '') as first_name,
    nullif(trim(last_name), '') as last_name,
    nullif(trim(organization), '') as organisation_name,
    email,
    email_key,
    phone_e164,
    nullif(trim(street), '') as street,
    nullif(trim(postal_code), '') as postal_code,
    nullif(trim(city), '') as city,
    case when birth_date like '____-__-__%' then cast(substring(birth_date, 1, 10) as date) end as birth_date,
    cast(membership_level_id as varchar) as level_id,
    status,
    nullif(trim(first_name), '') is null
    and nullif(trim(last_name), '') is null
    and nullif(trim(organization), '') is not null as is_organisation,
    coalesce(receives_newsletters, true) as receives_newsletters,
    coalesce(email_disabled, false) or coalesce(email_disabled_automatically, false) as is_delivery_disabled,
    coalesce(email_disabled_automatically, false) as is_disabled_by_bounces,
    coalesce(receiving_disabled, false) as is_receiving_disabled,
    case
        when member_since = cast(cast(member_since as date) as timestamp) then cast(member_since as date)
        else {{ local_date('member_since') }}
    end as member_since_date,
    created_at,
    updated_at,
    _first_known_at as known_at
from contact
