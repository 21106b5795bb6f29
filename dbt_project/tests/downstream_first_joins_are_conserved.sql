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

    select
        slice_kind,
        sum(joins) as joins
    from cohorts
    group by slice_kind

)

select
    totals.slice_kind,
    totals.joins,
    joined.people
from totals
cross join joined
where totals.joins <> joined.people
union all
select
    slice_kind,
    joins,
    exits as people
from cohorts
where
    exits > joins
    or retention not between 0 and 1
    or retention > retention_180d
    or retention_180d > retention_90d
    or ci_low > retention
    or ci_high < retention
