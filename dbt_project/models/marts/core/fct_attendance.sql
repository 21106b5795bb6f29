-- One row per event and person who was expected or came.
-- Who booked is not who comes: a group's tickets belong to the attendees. A ticket whose attendee is not
-- named belongs to the record the shop keeps for it.
with registrations as (
    select * from {{ ref('fct_event_registration') }}
),

events as (
    select * from {{ ref('dim_event') }}
),

seats as (
    select
        registrations.event_key,
        registrations.member_key,
        coalesce(registrations.member_key, registrations.registration_key) as attendee_key,
        registrations.attendance,
        registrations.status = 'registered'
        or registrations.cancelled_at >= registrations.event_starts_at as is_booked,
        case
            when events.modality = 'online' then registrations.registered_at >= registrations.checked_in_at
            else registrations.registered_at
                >= {{ dbt.dateadd('minute', 0 - var('walk_in_minutes'), 'registrations.event_starts_at') }}
        end as is_late,
        registrations.registered_at,
        registrations.checked_in_at,
        registrations.known_at
    from registrations
    inner join events on registrations.event_key = events.event_key
    where registrations.registered_at <= {{ as_of_timestamp() }}
),

judged as (
    select
        *,
        case
            when checked_in_at <= {{ as_of_timestamp() }}
                then case when is_booked and not coalesce(is_late, false) then 'attended' else 'walk_in' end
            when attendance = 'attended' then 'upcoming'
            else attendance
        end as outcome
    from seats
),

ranked as (
    select
        *,
        case outcome
            when 'attended' then 1
            when 'walk_in' then 2
            when 'no_show' then 3
            when 'unknown' then 4
            when 'upcoming' then 5
            when 'cancelled' then 6
            when 'expired' then 7
            else 8
        end as outcome_rank,
        min(case when is_booked and not coalesce(is_late, false) then 1 else 2 end) over (
            partition by event_key, attendee_key
        ) as booked_rank
    from judged
),

attendees as (
    select
        event_key,
        attendee_key,
        max(member_key) as member_key,
        min(outcome_rank) as outcome_rank,
        min(booked_rank) as booked_rank,
        count(*) as seats,
        min(registered_at) as registered_at,
        min(case when outcome in ('attended', 'walk_in') then checked_in_at end) as checked_in_at,
        min(known_at) as known_at
    from ranked
    group by event_key, attendee_key
)

select
    {{ surrogate_key(['event_key', 'attendee_key']) }} as attendance_key,
    event_key,
    attendee_key,
    member_key,
    case
        -- a ticket of the person's own makes up for a second one bought at the door
        when outcome_rank <= 2 and booked_rank = 1 then 'attended'
        when outcome_rank <= 2 then 'walk_in'
        when outcome_rank = 3 then 'no_show'
        when outcome_rank = 4 then 'unknown'
        when outcome_rank = 5 then 'upcoming'
        when outcome_rank = 6 then 'cancelled'
        when outcome_rank = 7 then 'expired'
        else 'event_cancelled'
    end as outcome,
    cast(seats as integer) as seats,
    registered_at,
    checked_in_at,
    known_at
from attendees
