with webinar as (
    {{ raw_current('zoom', 'webinar') }}
),

instance as (
    {{ raw_current('zoom', 'instance') }}
),

held as (
    select
        id as webinar_id,
        max(topic) as topic,
        min(start_time) as first_started_at,
        max(coalesce(end_time, start_time)) as last_ended_at,
        min(_first_known_at) as known_at
    from instance
    group by id
),

-- A webinar that expired before the first read is known by its report only.
ids as (
    select id as webinar_id from webinar
    union
    select webinar_id from held
),

timed as (
    select
        ids.webinar_id,
        coalesce(webinar.topic, held.topic) as topic,
        case
            when webinar.type in (6, 9) and held.first_started_at < webinar.start_time then held.first_started_at
            else coalesce(webinar.start_time, held.first_started_at)
        end as starts_at,
        webinar.duration,
        held.last_ended_at,
        held.webinar_id is not null as was_held,
        coalesce(webinar._first_known_at, held.known_at) as known_at
    from ids
    left join webinar on ids.webinar_id = webinar.id
    left join held on ids.webinar_id = held.webinar_id
)

select
    cast(webinar_id as varchar) as source_event_id,
    topic as event_name,
    'webinar' as event_kind,
    'online' as modality,
    starts_at,
    coalesce(last_ended_at, {{ dbt.dateadd('minute', 'coalesce(duration, 0)', 'starts_at') }}) as ends_at,
    -- Zoom records who came; without a report nobody can be called absent.
    was_held as has_capture,
    false as is_cancelled,
    cast(null as varchar) as currency_code,
    known_at
from timed
