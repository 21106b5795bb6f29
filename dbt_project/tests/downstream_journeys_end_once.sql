-- Every instance has stays, is either open or ended, and ends not before it started; only journeys
-- that allow it have a person in two instances at once.
with instances as (

    select
        *,
        lead(opened_at) over (partition by journey_id, member_key order by opened_at, subject_id)
            as next_opened_at
    from {{ ref('fct_journey_instance') }}

)

select
    instances.instance_id,
    instances.outcome,
    instances.started_at,
    instances.ended_at
from instances
inner join {{ ref('dim_journey_version') }} as versions
    on
        instances.journey_id = versions.journey_id
        and instances.journey_version = versions.journey_version
where
    instances.visit_count < 1
    or (instances.outcome = 'open') <> (instances.ended_at is null)
    or instances.ended_at < instances.started_at
    or instances.started_at > instances.opened_at
    or (
        not versions.is_concurrent
        and instances.next_opened_at < coalesce(instances.ended_at, instances.next_opened_at)
    )
    or (not versions.is_concurrent and instances.next_opened_at is not null and instances.is_open)
