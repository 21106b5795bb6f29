-- One row per metric, slice and period that is mature: the headline value, and since when it says so.
with current_values as (

    select * from {{ ref('int_metric_values') }}
    where is_mature

),

previous as (

    select * from {{ ref('int_metric_values__previous') }}

),

-- everything recorded up to this moment is in the values
knowledge as (

    select max(known_at) as known_until
    from {{ ref('fct_touchpoint') }}

)

select
    current_values.metric,
    current_values.slice_name,
    current_values.slice_value,
    current_values.definition_version,
    current_values.value,
    current_values.period_start,
    current_values.period_end,
    case
        when
            not {{ differs('previous.value', 'current_values.value') }}
            and previous.definition_version = current_values.definition_version
            then previous.published_since
        else {{ as_of_date() }}
    end as published_since,
    {{ as_of_date() }} as as_of_date,
    knowledge.known_until
from current_values
cross join knowledge
left join previous
    on
        current_values.metric = previous.metric
        and current_values.slice_name = previous.slice_name
        and current_values.slice_value = previous.slice_value
        and current_values.period_start = previous.period_start
