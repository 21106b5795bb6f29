-- What people attend: a single event, or one date of a series. The series itself is none.
with events as (
    select * from {{ ref('base_pretix__events') }}
),

subevent as (
    {{ raw_current('pretix', 'subevent') }}
),

checkin as (
    {{ raw_current('pretix', 'checkin') }}
),

positions as (
    select * from {{ ref('base_pretix__positions') }}
),

scanned as (
    select distinct coalesce(positions.attended_event_id, checkin.event) as event_id
    from checkin
    left join positions on checkin.position = positions.position_key
    where checkin.successful
),

attended as (
    select
        slug as event_id,
        event_name,
        event_kind,
        modality,
        capture,
        starts_at,
        ends_at,
        currency_code,
        known_at
    from events
    where not is_series
    union all
    select
        {{ dbt.concat(['events.slug', "'/'", 'cast(subevent.id as varchar)']) }} as event_id,
        coalesce({{ json_text('subevent.name') }}, events.event_name) as event_name,
        coalesce({{ json_get('subevent.meta_data', 'kind') }}, events.event_kind) as event_kind,
        coalesce({{ json_get('subevent.meta_data', 'modality') }}, events.modality) as modality,
        coalesce({{ json_get('subevent.meta_data', 'capture') }}, events.capture) as capture,
        subevent.date_from as starts_at,
        coalesce(subevent.date_to, subevent.date_from) as ends_at,
        events.currency_code,
        subevent._first_known_at as known_at
    from subevent
    inner join events on subevent.event = events.slug
)

select
    attended.event_id as source_event_id,
    attended.event_name,
    attended.event_kind,
    attended.modality,
    attended.starts_at,
    attended.ends_at,
    -- Without a word from the organiser, a first scan shows that attendance is recorded.
    coalesce(attended.capture = 'yes', scanned.event_id is not null) as has_capture,
    false as is_cancelled,
    attended.currency_code,
    attended.known_at
from attended
left join scanned on attended.event_id = scanned.event_id
