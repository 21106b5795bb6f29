-- One row per stay of a journey instance in one of its stages.
with visits as (

    select * from {{ ref('int_journey_steps__judged') }}
    where not is_skipped

),

aged as (

    select
        *,
        {{ local_date('entered_at') }} as entered_date,
        {{ local_date('left_at') }} as left_date,
        coalesce(left_at, {{ as_of_timestamp() }}) as seen_until_at
    from visits

),

measured as (

    select
        *,
        {{ days_between('entered_date', 'coalesce(left_date, ' ~ as_of_date() ~ ')') }} as days_in_stage,
        {{ hours_between('entered_at', 'seen_until_at') }} as hours_in_stage
    from aged

)

select
    {{ surrogate_key(['instance_id', 'stage_no']) }} as visit_id,
    instance_id,
    member_key,
    journey_id,
    cast(journey_version as integer) as journey_version,
    cast(stage_no as integer) as stage_no,
    stage_id,
    segment_id,
    owner_type,
    owner_team,
    case
        when left_at is null then 'open'
        when done_at = passed_at then 'done'
        when passed_at is not null then 'passed'
        else outcome
    end as left_by,
    cast(days_in_stage as integer) as days_in_stage,
    hours_in_stage,
    percent_rank() over (
        partition by journey_id, journey_version, stage_no
        order by days_in_stage
    ) as pace_percentile,
    left_at is null as is_open,
    case
        when not has_sla then false
        when left_at is null then due_at < {{ as_of_timestamp() }}
        else left_at >= due_at
    end as is_sla_breached,
    left_at is null and expected_by < {{ as_of_timestamp() }} as is_stalled,
    entered_date,
    left_date,
    due_date,
    entered_at,
    left_at,
    due_at
from measured
