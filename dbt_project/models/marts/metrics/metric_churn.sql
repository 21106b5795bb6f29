-- One row per month: of the memberships running at its start, the share that ended in it.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Churn".
{%- set kinds = var('exit_groups') %}
with spells as (

    select * from {{ ref('fct_member_spell') }}

),

grouped as (

    select
        {{ month_index('spell_start_date') }} + 1 as first_month,
        {{ month_index('exit_date') }} as exit_month,
        case
            {%- for kind, exit_types in kinds.items() %}
            when exit_type in ('{{ exit_types | join("', '") }}') then '{{ kind }}'
            {%- endfor %}
        end as exit_kind
    from spells
    where spell_start_date <= {{ as_of_date() }}

),

-- an exit made by mistake of an office is no exit, and the membership was none to lose in that month
marks as (

    select
        first_month as month_no,
        1 as running,
        {%- for kind in kinds %}
        0 as {{ kind }}_exits{{ ',' if not loop.last }}
        {%- endfor %}
    from grouped
    where exit_month is null or first_month <= exit_month
    union all
    select
        exit_month + 1 as month_no,
        -1 as running,
        {%- for kind in kinds %}
        0 as {{ kind }}_exits{{ ',' if not loop.last }}
        {%- endfor %}
    from grouped
    where first_month <= exit_month
    union all
    select
        exit_month as month_no,
        0 as running,
        {%- for kind in kinds %}
        case when exit_kind = '{{ kind }}' then 1 else 0 end as {{ kind }}_exits{{ ',' if not loop.last }}
        {%- endfor %}
    from grouped
    where first_month <= exit_month
    union all
    select
        months.month_no,
        0 as running,
        {%- for kind in kinds %}
        0 as {{ kind }}_exits{{ ',' if not loop.last }}
        {%- endfor %}
    from ({{ months_back(1000) }}) as months

),

monthly as (

    select
        month_no,
        sum(sum(running)) over (
            order by month_no
            rows between unbounded preceding and current row
        ) as running,
        {%- for kind in kinds %}
        sum({{ kind }}_exits) as {{ kind }}_exits{{ ',' if not loop.last }}
        {%- endfor %}
    from marks
    group by month_no

),

rated as (

    select
        *,
        running - administrative_exits as denominator,
        voluntary_exits + involuntary_exits + natural_exits as numerator,
        {{ month_start('month_no') }} as period_start,
        {{ add_days(month_start('month_no + 1'), -1) }} as period_end
    from monthly
    where month_no <= {{ month_index(as_of_date()) }} and running > 0

),

-- the last day on which an exit of the month may still come to light
matured as (

    select
        rated.*,
        {{ as_of_date() }} > {{ add_days('rated.period_end', 'longest.grace_days') }} as is_mature
    from rated
    cross join (
        select coalesce(max(grace_days), {{ var('grace_days') }}) as grace_days
        from {{ ref('fct_membership_term') }}
    ) as longest

),

chained as (

    select
        *,
        count(nullif(denominator, 0)) over last_twelve as months_known,
        max(case when is_mature then 0 else 1 end) over last_twelve as has_immature,
        max(case when numerator = denominator then 1 else 0 end) over last_twelve as has_lost_all,
        sum(
            case
                when numerator < denominator
                    then ln(1 - cast(numerator as double precision) / denominator)
            end
        ) over last_twelve as log_kept
    from matured
    window last_twelve as (order by month_no rows between 11 preceding and current row)

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    'all' as slice_name,
    'all' as slice_value,
    cast(denominator as bigint) as denominator,
    cast(numerator as bigint) as numerator,
    cast(voluntary_exits as bigint) as voluntary_exits,
    cast(involuntary_exits as bigint) as involuntary_exits,
    cast(natural_exits as bigint) as natural_exits,
    cast(administrative_exits as bigint) as excluded_administrative,
    round({{ share('numerator', 'denominator') }}, 6) as value,
    round({{ wilson_bound('numerator', 'denominator', 'low') }}, 6) as lo,
    round({{ wilson_bound('numerator', 'denominator', 'high') }}, 6) as hi,
    {%- for kind in ['voluntary', 'involuntary', 'natural'] %}
    round({{ share(kind ~ '_exits', 'denominator') }}, 6) as {{ kind }}_value,
    {%- endfor %}
    round(
        case
            when months_known = 12 and has_immature = 0
                then case when has_lost_all = 1 then 1 else 1 - exp(log_kept) end
        end, 6
    ) as annual_value,
    is_mature,
    period_start,
    period_end,
    {{ as_of_date() }} as as_of_date
from chained
