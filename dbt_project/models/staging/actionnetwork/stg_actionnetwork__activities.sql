with signature as (
    {{ raw_current('actionnetwork', 'signature') }}
),

submission as (
    {{ raw_current('actionnetwork', 'submission') }}
),

outreach as (
    {{ raw_current('actionnetwork', 'outreach') }}
),

actions as (
    select
        'petition_signed' as activity,
        id,
        person_id,
        created_date,
        _first_known_at as known_at
    from signature
    union all
    select
        'form_submitted' as activity,
        id,
        person_id,
        created_date,
        _first_known_at as known_at
    from submission
    union all
    select
        'letter_sent' as activity,
        id,
        person_id,
        created_date,
        _first_known_at as known_at
    from outreach
)

select
    {{ dbt.concat(['activity', "'-'", 'id']) }} as source_activity_id,
    person_id as source_record_id,
    activity,
    created_date as occurred_at,
    cast(null as varchar) as channel,
    cast(null as varchar) as department,
    cast(null as varchar) as actor_type,
    cast(null as varchar) as source_case_id,
    known_at
from actions
where created_date is not null
