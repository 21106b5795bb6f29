-- Whoever withdraws vanishes from the list, so that the last version known has to speak for them. A
-- webinar that expires is not read again: its registrants stay as they were.
with registrant as (
    {{ raw_current('zoom', 'registrant') }}
),

registrant_history as (
    {{ raw_history('zoom', 'registrant') }}
),

approved as (
    select
        webinar_id,
        id,
        max(_known_from) as last_known_from
    from registrant_history
    group by webinar_id, id
    having max(case when status = 'approved' then 1 else 0 end) = 1
),

latest as (
    select
        registrant_history.*,
        registrant.id is not null as is_listed
    from registrant_history
    inner join approved
        on
            registrant_history.webinar_id = approved.webinar_id
            and registrant_history.id = approved.id
            and registrant_history._known_from = approved.last_known_from
    left join registrant
        on
            registrant_history.webinar_id = registrant.webinar_id
            and registrant_history.id = registrant.id
)

select
    webinar_id,
    id as registrant_id,
    {{ dbt.concat(['cast(webinar_id as varchar)', "'-'", 'id']) }} as record_id,
    nullif(trim(first_name), '') as first_name,
    nullif(trim(last_name), '') as last_name,
    email,
    email_key,
    phone_e164,
    is_listed and status = 'approved' as is_registered,
    create_time as registered_at,
    case when not is_listed then _known_to when status <> 'approved' then _known_from end as cancelled_at,
    _first_known_at as known_at
from latest
