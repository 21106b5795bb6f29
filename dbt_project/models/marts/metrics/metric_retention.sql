-- One row per twelve months up to a month end and slice.
-- Definition, examples and what was not chosen: docs/DECISIONLOG.md, "Retention".
with counted as (

    select * from {{ ref('int_retention__counted') }}
    where members_then > 0

),

dated as (

    select
        *,
        members_now - entries as formula_numerator,
        {{ month_start('month_no - 11') }} as period_start,
        {{ add_days(month_start('month_no + 1'), -1) }} as period_end
    from counted

)

select
    '{{ var('metric_definition_version') }}' as definition_version,
    slice_name,
    slice_value,
    cast(members_then as bigint) as denominator,
    cast(members_kept as bigint) as numerator,
    cast(members_now as bigint) as members_now,
    {%- for name, expression in {
        'entries': 'entries',
        'formula_numerator': 'formula_numerator',
        'entered_and_left': 'members_kept - formula_numerator'
    }.items() %}
    cast(case when slice_name = 'all' then {{ expression }} end as bigint) as {{ name }},
    {%- endfor %}
    round({{ share('members_kept', 'members_then') }}, 6) as value,
    round({{ wilson_bound('members_kept', 'members_then', 'low') }}, 6) as lo,
    round({{ wilson_bound('members_kept', 'members_then', 'high') }}, 6) as hi,
    round(
        case when slice_name = 'all' then {{ share('formula_numerator', 'members_then') }} end, 6
    ) as formula_value,
    {{ as_of_date() }} > period_end as is_mature,
    period_start,
    period_end,
    {{ as_of_date() }} as as_of_date
from dated
where period_end <= {{ as_of_date() }}
