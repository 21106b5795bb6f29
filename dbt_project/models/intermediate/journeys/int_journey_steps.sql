-- One row per instance and stage of its journey, reached or not. A stage is left when its own signal
-- is given or that of any later stage: whoever is further on has passed what lies before.
with openings as (

    select * from {{ ref('int_journey_openings') }}

),

stages as (

    select * from {{ ref('dim_journey_stage') }}

),

signals as (

    select * from {{ ref('int_journey_signals') }}
    where rule_role = 'done'

),

counted as (

    select distinct
        openings.instance_id,
        signals.stage_no,
        signals.signal_at
    from openings
    inner join signals
        on
            openings.journey_id = signals.journey_id
            and openings.journey_version = signals.journey_version
            and openings.member_key = signals.member_key
    inner join stages
        on
            signals.journey_id = stages.journey_id
            and signals.journey_version = stages.journey_version
            and signals.stage_no = stages.stage_no
    where
        (signals.subject_id is null or signals.subject_id = openings.subject_id)
        and signals.signal_at >= case
            when stages.look_back_days = 0 then openings.opened_at
            else {{ day_start_utc(add_days(
                local_date('openings.opened_at'), '0 - stages.look_back_days'
            )) }}
        end
        and signals.signal_at < openings.expires_at
        and (openings.withdrawn_at is null or signals.signal_at <= openings.withdrawn_at)
        and (openings.superseded_at is null or signals.signal_at < openings.superseded_at)

),

numbered as (

    select
        *,
        row_number() over (partition by instance_id, stage_no order by signal_at) as nth
    from counted

),

steps as (

    select
        openings.*,
        stages.stage_no,
        stages.stage_id,
        numbered.signal_at as done_at,
        min(numbered.signal_at) over (
            partition by openings.instance_id
            order by stages.stage_no desc
            rows between unbounded preceding and current row
        ) as passed_at
    from openings
    inner join stages
        on
            openings.journey_id = stages.journey_id
            and openings.journey_version = stages.journey_version
    left join numbered
        on
            openings.instance_id = numbered.instance_id
            and stages.stage_no = numbered.stage_no
            and stages.times = numbered.nth

),

entered as (

    select
        *,
        case
            when stage_no > 1 then lag(passed_at) over (partition by instance_id order by stage_no)
            when passed_at < opened_at then passed_at
            else opened_at
        end as entered_at,
        max(case when stage_no = stage_count then passed_at end) over (partition by instance_id)
            as completed_at
    from steps

),

ended as (

    select
        *,
        case
            when completed_at is not null then 'completed'
            when
                withdrawn_at <= coalesce(superseded_at, withdrawn_at)
                and withdrawn_at <= expires_at
                then 'withdrawn'
            when superseded_at <= expires_at then 'superseded'
            when expires_at < {{ as_of_timestamp() }} then 'expired'
            else 'open'
        end as outcome
    from entered

)

select
    instance_id,
    member_key,
    journey_id,
    journey_version,
    subject_id,
    stage_no,
    stage_id,
    stage_count,
    outcome,
    opened_at,
    entered_at,
    -- what comes after the end is no part of the journey
    case when done_at <= coalesce(completed_at, done_at) then done_at end as done_at,
    passed_at,
    case outcome
        when 'completed' then completed_at
        when 'withdrawn' then withdrawn_at
        when 'superseded' then superseded_at
        when 'expired' then expires_at
    end as ended_at
from ended
