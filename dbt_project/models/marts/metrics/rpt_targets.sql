-- One row per target (metric and plan): what was reached, and is it certain.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Targets".
{%- set labels = {
    'renewal_rate': 'Renewal rate', 'first_year_retention': 'First-year retention',
    'nps': 'Net Promoter Score', 'resolution_time': 'Time to first resolution',
    'active_members': 'Members'
} %}
with targets as (
    {%- for target in var('targets') %}
    select
        {{ loop.index }} as position,
        '{{ target.metric }}' as metric,
        '{{ labels[target.metric] }}' as metric_label,
        '{{ 'plan' if target.plan else 'all' }}' as slice_name,
        '{{ target.plan or 'all' }}' as slice_value,
        '{{ target.direction }}' as direction,
        '{{ target.owner_team }}' as owner_team,
        cast({{ target.value }} as double precision) as target
    {{- ' union all' if not loop.last }}
    {%- else %}
    select
        0 as position,
        cast(null as varchar) as metric,
        cast(null as varchar) as metric_label,
        cast(null as varchar) as slice_name,
        cast(null as varchar) as slice_value,
        cast(null as varchar) as direction,
        cast(null as varchar) as owner_team,
        cast(null as double precision) as target
    where 1 = 0
    {%- endfor %}
),

measured as (

    select * from {{ ref('int_target_values') }}

),

joined as (

    select
        targets.*,
        measured.unit,
        coalesce(measured.cases, 0) as cases,
        measured.value,
        measured.lo,
        measured.hi,
        measured.period_start,
        measured.period_end
    from targets
    left join measured
        on
            targets.metric = measured.metric
            and targets.slice_name = measured.slice_name
            and targets.slice_value = measured.slice_value

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    metric,
    metric_label,
    slice_name,
    slice_value,
    unit,
    direction,
    owner_team,
    -- a headcount is known, not estimated from a few
    case
        when value is null or (cases < {{ var('target_min_count') }} and metric <> 'active_members')
            then 'too few'
        when direction = 'below' and hi < target then 'met'
        when direction = 'below' and lo >= target then 'missed'
        when direction = 'above' and lo > target then 'met'
        when direction = 'above' and hi <= target then 'missed'
        when direction = 'at_least' and lo >= target then 'met'
        when direction = 'at_least' and hi < target then 'missed'
        else 'not proven'
    end as status,
    cast(position as integer) as position,
    cast(cases as bigint) as n,
    target,
    round(value, 6) as value,
    round(lo, 6) as lo,
    round(hi, 6) as hi,
    period_start,
    period_end,
    {{ as_of_date() }} as as_of_date
from joined
