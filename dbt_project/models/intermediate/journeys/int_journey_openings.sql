-- One row per instance of a service journey: when it opened, and each moment that would cut it short.
-- Journey, person and subject name an instance; it opens once, at the first start signal.
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

),

opened as (

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
    where starts.from_first = 1

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
    where
        coalesce(endings.was_over, 0) = 0
        and (opened.died_at is null or opened.opened_at < opened.died_at)

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
