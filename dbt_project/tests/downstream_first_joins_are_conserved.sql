-- Everybody who ever joined is in exactly one cohort, and no share leaves 0 to 1.
with cohorts as (

    select * from {{ ref('metric_first_year_retention') }}

),

joined as (

    select count(distinct member_key) as people
    from {{ ref('fct_membership_term') }}
    where
        not is_test
        and start_date <= {{ as_of_date() }}

),

totals as (

    select sum(joins) as joins
    from cohorts

)

select
    'people' as wrong,
    totals.joins as counted,
    joined.people as expected
from totals
cross join joined
where coalesce(totals.joins, 0) <> joined.people
union all
select
    'a share' as wrong,
    exits as counted,
    joins as expected
from cohorts
where
    exits > joins
    or value not between 0 and 1
    or value > retention_180d
    or retention_180d > retention_90d
    or lo > value
    or hi < value
