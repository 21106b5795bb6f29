with registrations as (
    select * from {{ ref('conformed__registrations') }}
),

events as (
    select * from {{ ref('conformed__events') }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
)

select
    {{ surrogate_key(['registrations.source_system', 'registrations.source_registration_id']) }} as registration_key,
    current_map.member_key,
    registrations.source_system,
    registrations.source_registration_id,
    registrations.source_record_id,
    {{ surrogate_key(['events.source_system', 'events.source_event_id']) }} as event_key,
    events.source_event_id,
    events.event_name,
    events.event_kind,
    events.modality,
    registrations.status,
    case
        when registrations.checked_in_at is not null then 'attended'
        when events.is_cancelled then 'event_cancelled'
        when registrations.status = 'expired' then 'expired'
        when
            registrations.status = 'cancelled'
            and (events.starts_at is null or registrations.cancelled_at < events.starts_at)
            then 'cancelled'
        when events.ends_at is null or events.ends_at > {{ as_of_timestamp() }} then 'upcoming'
        when events.has_capture then 'no_show'
        else 'unknown'
    end as attendance,
    registrations.currency_code,
    registrations.price_minor,
    registrations.registered_at,
    registrations.cancelled_at,
    registrations.checked_in_at,
    events.starts_at as event_starts_at,
    events.ends_at as event_ends_at,
    registrations.known_at
from registrations
inner join events
    on
        registrations.source_system = events.source_system
        and registrations.source_event_id = events.source_event_id
left join current_map
    on
        registrations.source_system = current_map.source_system
        and registrations.source_record_id = current_map.source_record_id
