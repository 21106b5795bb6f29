with participant as (
    {{ raw_current('zoom', 'participant') }}
),

instance as (
    {{ raw_current('zoom', 'instance') }}
),

registrants as (
    select * from {{ ref('base_zoom__registrants') }}
),

-- Two registrations with one address are one person's: the stay goes to the first of them.
addresses as (
    select
        webinar_id,
        email_key,
        min(registrant_id) as registrant_id
    from registrants
    where email_key is not null
    group by webinar_id, email_key
)

select
    instance.id as webinar_id,
    participant.instance as instance_id,
    participant.segment,
    coalesce(registrants.registrant_id, addresses.registrant_id) as registrant_id,
    -- Who joined again has a new number each time; only an address tells that it is the same person.
    coalesce(participant.user_email_key, nullif(participant.user_id, ''), participant.segment) as participant_mark,
    participant.join_time as joined_at,
    coalesce(
        participant.leave_time,
        {{ dbt.dateadd('second', 'coalesce(participant.duration, 0)', 'participant.join_time') }}
    ) as left_at,
    participant._first_known_at as known_at
from participant
inner join instance on participant.instance = instance.uuid
left join registrants
    on
        instance.id = registrants.webinar_id
        and nullif(participant.registrant_id, '') = registrants.registrant_id
left join addresses
    on
        instance.id = addresses.webinar_id
        and participant.user_email_key = addresses.email_key
where
    coalesce(participant.status, '') <> 'in_waiting_room'
    and participant.join_time is not null
