-- Into every stay leads one move, out of every ended instance one more; the matrix counts them all.
with stays as (

    select
        journey_id,
        count(*) as stays
    from {{ ref('fct_journey_stage') }}
    group by journey_id

),

ended as (

    select
        journey_id,
        sum(case when is_open then 0 else 1 end) as ended
    from {{ ref('fct_journey_instance') }}
    group by journey_id

),

moves as (

    select
        journey_id,
        count(*) as moves
    from {{ ref('fct_journey_transition') }}
    group by journey_id

),

matrix as (

    select
        journey_id,
        sum(moves) as moves
    from {{ ref('rpt_journey_transition') }}
    group by journey_id

)

select
    stays.journey_id,
    stays.stays,
    ended.ended,
    moves.moves,
    matrix.moves as moves_in_matrix
from stays
inner join ended on stays.journey_id = ended.journey_id
left join moves on stays.journey_id = moves.journey_id
left join matrix on stays.journey_id = matrix.journey_id
where
    moves.moves is distinct from stays.stays + ended.ended
    or matrix.moves is distinct from moves.moves
