-- One row per journey, person and subject with a start signal: the first one, while its version
-- applied. Nobody who was erased or had died begins a journey.
with versions as (

    select * from {{ ref('dim_journey_version') }}

),

signals as (

    select * from {{ ref('int_journey_signals') }}

),

members as (

    select * from {{ ref('dim_member') }}
    where is_current and not is_erased

),

starts as (

    select
        signals.*,
        row_number() over (
            partition by signals.journey_id, signals.member_key, signals.subject_id
            order by signals.signal_at, signals.journey_version
        ) as from_first
    from signals
    inner join versions
        on
            signals.journey_id = versions.journey_id
            and signals.journey_version = versions.journey_version
    where
        signals.rule_role = 'start'
        and signals.subject_id is not null
        and {{ local_date('signals.signal_at') }} >= versions.applies_from_date
        and {{ local_date('signals.signal_at') }} < versions.applies_until_date

)

select
    {{ surrogate_key(['starts.journey_id', 'starts.member_key', 'starts.subject_id']) }}
        as instance_id,
    starts.member_key,
    starts.journey_id,
    starts.journey_version,
    starts.subject_id,
    versions.subject_kind,
    versions.stage_count,
    versions.is_concurrent,
    starts.signal_at as opened_at,
    {{ end_of_day_after('starts.signal_at', 'versions.expires_after_days') }} as runs_out_at,
    case when members.deceased_on <= {{ as_of_date() }} then {{ day_start_utc('members.deceased_on') }} end
        as died_at
from starts
inner join versions
    on
        starts.journey_id = versions.journey_id
        and starts.journey_version = versions.journey_version
inner join members on starts.member_key = members.member_key
where
    starts.from_first = 1
    and (members.deceased_on is null or {{ day_start_utc('members.deceased_on') }} > starts.signal_at)
