-- One row per version of a journey: how its instances ended, and how long they took. The success rate
-- counts ended instances only; superseded ones are no verdict on the journey and are left out.
with versions as (

    select * from {{ ref('dim_journey_version') }}

),

instances as (

    select * from {{ ref('fct_journey_instance') }}

),

counted as (

    select
        journey_id,
        journey_version,
        count(*) as instances,
        sum(case when outcome = 'open' then 1 else 0 end) as open_instances,
        sum(case when outcome = 'completed' then 1 else 0 end) as completed,
        sum(case when outcome = 'withdrawn' then 1 else 0 end) as withdrawn,
        sum(case when outcome = 'expired' then 1 else 0 end) as expired,
        sum(case when outcome = 'superseded' then 1 else 0 end) as superseded,
        sum(
            case when outcome in ('completed', 'withdrawn', 'expired') then 1 else 0 end
        ) as judged,
        sum(
            case
                when outcome in ('completed', 'withdrawn', 'expired') and is_successful then 1
                else 0
            end
        ) as successful,
        round(sum(organisation_hours), 4) as organisation_hours,
        round(sum(member_hours), 4) as member_hours,
        round(sum(shared_hours), 4) as shared_hours
    from instances
    group by journey_id, journey_version

),

cycles as (

    select
        journey_id,
        journey_version,
        percentile_cont(0.1) within group (order by {{ hours_between('started_at', 'ended_at') }})
            as p10_hours,
        percentile_cont(0.5) within group (order by {{ hours_between('started_at', 'ended_at') }})
            as median_hours,
        percentile_cont(0.9) within group (order by {{ hours_between('started_at', 'ended_at') }})
            as p90_hours
    from instances
    where outcome = 'completed'
    group by journey_id, journey_version

)

select
    versions.journey_id,
    versions.journey_version,
    versions.journey_title,
    versions.intended_outcome,
    cast(coalesce(counted.instances, 0) as integer) as instances,
    cast(coalesce(counted.open_instances, 0) as integer) as open_instances,
    cast(coalesce(counted.completed, 0) as integer) as completed,
    cast(coalesce(counted.withdrawn, 0) as integer) as withdrawn,
    cast(coalesce(counted.expired, 0) as integer) as expired,
    cast(coalesce(counted.superseded, 0) as integer) as superseded,
    cast(coalesce(counted.judged, 0) as integer) as judged,
    cast(coalesce(counted.successful, 0) as integer) as successful,
    {{ share('counted.successful', 'counted.judged') }} as success_rate,
    {{ wilson_bound('counted.successful', 'counted.judged', 'low') }} as success_rate_low,
    {{ wilson_bound('counted.successful', 'counted.judged', 'high') }} as success_rate_high,
    counted.organisation_hours,
    counted.member_hours,
    counted.shared_hours,
    cycles.p10_hours,
    cycles.median_hours,
    cycles.p90_hours
from versions
left join counted
    on
        versions.journey_id = counted.journey_id
        and versions.journey_version = counted.journey_version
left join cycles
    on
        versions.journey_id = cycles.journey_id
        and versions.journey_version = cycles.journey_version
