-- One row per metric that may have a target, and slice: its value over the newest mature periods.
with renewal_months as (

    select
        *,
        row_number() over (partition by slice_name, slice_value order by period_start desc) as age
    from {{ ref('metric_renewal_rate') }}
    where is_mature and denominator > 0 and slice_name in ('all', 'plan')

),

renewal as (

    select
        slice_name,
        slice_value,
        min(period_start) as period_start,
        max(period_end) as period_end,
        sum(numerator) as hits,
        sum(denominator) as cases
    from renewal_months
    where age <= {{ var('target_months') }}
    group by slice_name, slice_value

),

waves as (

    select
        *,
        row_number() over (order by period_start desc) as age
    from {{ ref('metric_nps') }}
    where is_mature and slice_name = 'all' and survey_kind = 'relational'

),

people as (

    select
        count(*) as members,
        max(as_of_date) as as_of_date
    from {{ ref('mart_member_360') }}
    where is_active_member

)

select
    'renewal_rate' as metric,
    slice_name,
    slice_value,
    'share' as unit,
    cases,
    {{ share('hits', 'cases') }} as value,
    {{ wilson_bound('hits', 'cases', 'low') }} as lo,
    {{ wilson_bound('hits', 'cases', 'high') }} as hi,
    period_start,
    period_end
from renewal
union all
select
    metric,
    slice_name,
    slice_value,
    unit,
    cases,
    value,
    lo,
    hi,
    period_start,
    period_end
from {{ ref('int_target_values__first_year') }}
union all
select
    metric,
    slice_name,
    slice_value,
    unit,
    cases,
    value,
    lo,
    hi,
    period_start,
    period_end
from {{ ref('int_target_values__resolution') }}
union all
select
    'nps' as metric,
    'all' as slice_name,
    'all' as slice_value,
    'points' as unit,
    denominator as cases,
    value,
    lo,
    hi,
    period_start,
    period_end
from waves
where age = 1
union all
select
    'active_members' as metric,
    'all' as slice_name,
    'all' as slice_value,
    'people' as unit,
    members as cases,
    cast(members as double precision) as value,
    cast(members as double precision) as lo,
    cast(members as double precision) as hi,
    as_of_date as period_start,
    as_of_date as period_end
from people
where members > 0
