-- One row per journey of one person: opened by its start, ended in exactly one outcome, or open.
with steps as (

    select * from {{ ref('int_journey_steps') }}

),

visits as (

    select * from {{ ref('fct_journey_stage') }}

),

signals as (

    select * from {{ ref('int_journey_signals') }}
    where rule_role = 'success'

),

instances as (

    select
        instance_id,
        member_key,
        journey_id,
        journey_version,
        subject_id,
        outcome,
        opened_at,
        entered_at as started_at,
        ended_at
    from steps
    where stage_no = 1

),

successes as (

    select
        instances.instance_id,
        min(signals.signal_at) as succeeded_at
    from instances
    inner join signals
        on
            instances.journey_id = signals.journey_id
            and instances.journey_version = signals.journey_version
            and instances.member_key = signals.member_key
    where
        (signals.subject_id is null or signals.subject_id = instances.subject_id)
        and signals.signal_at >= instances.opened_at
        and (instances.ended_at is null or signals.signal_at <= instances.ended_at)
    group by instances.instance_id

),

stays as (

    select
        instance_id,
        count(*) as visit_count,
        max(case when is_open then stage_id end) as current_stage_id,
        round(sum(case when owner_type = 'organisation' then hours_in_stage else 0 end), 6)
            as organisation_hours,
        round(sum(case when owner_type = 'member' then hours_in_stage else 0 end), 6)
            as member_hours,
        round(sum(case when owner_type = 'shared' then hours_in_stage else 0 end), 6)
            as shared_hours,
        sum(case when is_sla_breached then 1 else 0 end) as sla_breaches
    from visits
    group by instance_id

)

select
    instances.instance_id,
    instances.member_key,
    instances.journey_id,
    cast(instances.journey_version as integer) as journey_version,
    instances.subject_id,
    instances.outcome,
    stays.current_stage_id,
    cast(stays.visit_count as integer) as visit_count,
    cast(stays.sla_breaches as integer) as sla_breaches,
    stays.organisation_hours,
    stays.member_hours,
    stays.shared_hours,
    instances.outcome = 'open' as is_open,
    successes.succeeded_at is not null as is_successful,
    {{ local_date('instances.started_at') }} as started_date,
    {{ local_date('instances.ended_at') }} as ended_date,
    instances.opened_at,
    instances.started_at,
    successes.succeeded_at,
    instances.ended_at
from instances
inner join stays on instances.instance_id = stays.instance_id
left join successes on instances.instance_id = successes.instance_id
