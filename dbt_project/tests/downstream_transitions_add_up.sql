-- Rows of both matrices add up to 1, and the transitions between stays are the stays less the people:
-- everybody's first stay follows nothing.
with history as (

    select
        count(*) as visits,
        count(distinct member_key) as people
    from {{ ref('fct_lifecycle_stage_history') }}

),

total as (

    select coalesce(sum(numerator), 0) as transitions
    from {{ ref('metric_stage_transition') }}
    where matrix = 'visit'

)

select
    'visits' as wrong,
    null as from_stage,
    cast(total.transitions as double precision) as found,
    cast(history.visits - history.people as double precision) as expected
from history
cross join total
where total.transitions <> history.visits - history.people
union all
select
    matrix as wrong,
    from_stage,
    sum(value) as found,
    1 as expected
from {{ ref('metric_stage_transition') }}
group by matrix, from_stage
having abs(sum(value) - 1) > 1e-9
union all
select
    'nobody leaves' as wrong,
    from_stage,
    value as found,
    0 as expected
from {{ ref('metric_stage_transition') }}
where
    from_stage in ('deceased', 'erased')
    and to_stage <> from_stage
