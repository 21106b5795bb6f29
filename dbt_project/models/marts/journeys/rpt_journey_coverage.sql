-- One row per lifecycle stage, and one for 'all': how many active members are in a journey.
with members as (

    select * from {{ ref('mart_member_360') }}
    where is_active_member

),

sliced as (

    select
        stage,
        open_journeys
    from members
    union all
    select
        'all' as stage,
        open_journeys
    from members

),

counted as (

    select
        stage,
        count(*) as active_members,
        sum(case when open_journeys > 0 then 1 else 0 end) as in_a_journey,
        sum(open_journeys) as open_journeys
    from sliced
    group by stage

)

select
    cast(stage as varchar) as stage,
    cast(active_members as integer) as active_members,
    cast(in_a_journey as integer) as in_a_journey,
    cast(active_members - in_a_journey as integer) as in_no_journey,
    cast(open_journeys as integer) as open_journeys,
    {{ share('in_a_journey', 'active_members') }} as coverage,
    {{ wilson_bound('in_a_journey', 'active_members', 'low') }} as coverage_low,
    {{ wilson_bound('in_a_journey', 'active_members', 'high') }} as coverage_high,
    {{ as_of_date() }} as as_of_date
from counted
