-- One row per matrix, stage and stage that followed it. Matrix `visit`: stays and the stay right
-- after them. Matrix `month_end`: one month-end and the next, staying included (Markov).
with visits as (

    select * from {{ ref('fct_lifecycle_stage_history') }}

),

bounded as (

    select
        member_key,
        stage,
        valid_from,
        cast({{ dbt.last_day('valid_from', 'month') }} as date) as first_month_end_date,
        coalesce({{ add_days('valid_to', -1) }}, {{ as_of_date() }}) as last_date
    from visits

),

-- the last day of the month before the month of the next day: a stay's last month-end
dated as (

    select
        member_key,
        stage,
        valid_from,
        first_month_end_date,
        cast({{ dbt.last_day(
            dbt.dateadd('month', -1, add_days('last_date', 1)), 'month'
        ) }} as date) as last_month_end_date
    from bounded

),

-- a stay that no month-end falls into is not in the matrix of month-ends
seen as (

    select
        stage,
        {{ dbt.datediff('first_month_end_date', 'last_month_end_date', 'month') }} as times_stayed,
        lead(stage) over (partition by member_key order by valid_from) as next_stage
    from dated
    where last_month_end_date >= first_month_end_date

),

moves as (

    select
        'visit' as matrix,
        prev_stage as from_stage,
        stage as to_stage,
        1 as transitions
    from visits
    where prev_stage is not null
    union all
    select
        'month_end' as matrix,
        stage as from_stage,
        next_stage as to_stage,
        1 as transitions
    from seen
    where next_stage is not null
    union all
    select
        'month_end' as matrix,
        stage as from_stage,
        stage as to_stage,
        times_stayed as transitions
    from seen
    where times_stayed > 0

),

open_visits as (

    select
        stage,
        count(*) as visits
    from visits
    where valid_to is null
    group by stage

),

counted as (

    select
        matrix,
        from_stage,
        to_stage,
        sum(transitions) as numerator,
        sum(sum(transitions)) over (partition by matrix, from_stage) as denominator
    from moves
    group by matrix, from_stage, to_stage

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    counted.matrix,
    counted.from_stage,
    counted.to_stage,
    cast(counted.numerator as bigint) as numerator,
    cast(counted.denominator as bigint) as denominator,
    cast(
        case when counted.matrix = 'visit' then coalesce(open_visits.visits, 0) else 0 end as bigint
    ) as excluded_still_there,
    {{ share('counted.numerator', 'counted.denominator') }} as value,
    {{ wilson_bound('counted.numerator', 'counted.denominator', 'low') }} as lo,
    {{ wilson_bound('counted.numerator', 'counted.denominator', 'high') }} as hi,
    counted.matrix = 'month_end' or open_visits.visits is null as is_mature,
    {{ as_of_date() }} as as_of_date
from counted
left join open_visits on counted.from_stage = open_visits.stage
