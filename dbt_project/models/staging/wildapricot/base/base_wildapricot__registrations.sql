-- The waiting list is no registration.
with registration as (
    {{ raw_current('wildapricot', 'event_registration') }}
)

select
    cast(id as varchar) as registration_id,
    cast(event_id as varchar) as event_id,
    cast(contact_id as varchar) as contact_id,
    coalesce(is_guest, false) as is_guest,
    case when is_guest then {{ dbt.concat(["'R-'", 'cast(id as varchar)']) }} else cast(contact_id as varchar) end
        as record_id,
    nullif(trim(first_name), '') as first_name,
    nullif(trim(last_name), '') as last_name,
    nullif(email, '') as email,
    email_key,
    status,
    coalesce(is_checked_in, false) as is_checked_in,
    fee,
    registered_at,
    _known_from as changed_at,
    _first_known_at as known_at
from registration
where not coalesce(on_waitlist, false) and coalesce(status, '') <> 'OnWaitlist'
