-- One row per version of a journey and pair of stages somebody moved between: the transition matrix.
with moves as (

    select * from {{ ref('fct_journey_transition') }}

),

counted as (

    select
        journey_id,
        journey_version,
        from_stage,
        to_stage,
        count(*) as moves
    from moves
    group by journey_id, journey_version, from_stage, to_stage

)

select
    journey_id,
    journey_version,
    from_stage,
    to_stage,
    cast(moves as integer) as moves,
    {{ share('moves', 'sum(moves) over (partition by journey_id, journey_version, from_stage)') }}
        as share_of_from_stage
from counted
