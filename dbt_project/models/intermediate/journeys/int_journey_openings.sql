-- One row per instance of a service journey: when it opened, and each moment that would cut it short.
-- Journey, person and subject name an instance; it opens once, at the first start signal.
with opened as (

    select * from {{ ref('int_journey_starts') }}

),

signals as (

    select * from {{ ref('int_journey_signals') }}

),

-- what ends an instance: the signals of its own subject, and those that name none
endings as (

    select
        opened.instance_id,
        min(
            case
                when signals.rule_role = 'withdrawn' and signals.signal_at >= opened.opened_at
                    then signals.signal_at
            end
        ) as withdrawn_at,
        min(
            case
                when signals.rule_role = 'expired' and signals.signal_at >= opened.opened_at
                    then signals.signal_at
            end
        ) as expired_at,
        -- it was over before it began: a member who renewed early needs no renewal journey
        max(
            case
                when
                    opened.subject_kind <> 'member'
                    and signals.rule_role <> 'expired'
                    and signals.subject_id is not null
                    and signals.signal_at < opened.opened_at
                    then 1
                else 0
            end
        ) as was_over
    from opened
    inner join signals
        on
            opened.journey_id = signals.journey_id
            and opened.journey_version = signals.journey_version
            and opened.member_key = signals.member_key
    where
        (
            signals.rule_role in ('withdrawn', 'expired')
            or (signals.rule_role = 'done' and signals.stage_no = opened.stage_count)
        )
        and (signals.subject_id is null or signals.subject_id = opened.subject_id)
    group by opened.instance_id

),

kept as (

    select
        opened.instance_id,
        opened.member_key,
        opened.journey_id,
        opened.journey_version,
        opened.subject_id,
        opened.stage_count,
        opened.is_concurrent,
        opened.opened_at,
        case
            when opened.died_at < endings.withdrawn_at then opened.died_at
            else coalesce(endings.withdrawn_at, opened.died_at)
        end as withdrawn_at,
        case
            when endings.expired_at < opened.runs_out_at then endings.expired_at
            else opened.runs_out_at
        end as expires_at
    from opened
    left join endings on opened.instance_id = endings.instance_id
    where coalesce(endings.was_over, 0) = 0

),

followed as (

    select
        *,
        lead(opened_at) over (
            partition by journey_id, member_key
            order by opened_at, subject_id
        ) as next_opened_at
    from kept

)

select
    instance_id,
    member_key,
    journey_id,
    journey_version,
    subject_id,
    stage_count,
    opened_at,
    withdrawn_at,
    case when not is_concurrent then next_opened_at end as superseded_at,
    expires_at
from followed
