-- One row per person and unbroken stay in one stage.
with judged as (

    select * from {{ ref('int_stage_days__judged') }}

),

compared as (

    select
        *,
        lag(stage) over (partition by member_key order by on_date) as stage_before
    from judged

),

-- neighbours in the same stage are one stay; the reason is the one that opened it
entered as (

    select * from compared
    where stage_before is null or stage_before <> stage

)

select
    member_key,
    stage,
    cast({{ stage_label('stage') }} as {{ dbt.type_string() }}) as stage_label,
    lag(stage) over (partition by member_key order by on_date) as prev_stage,
    reason,
    '{{ var('stage_rule_version') }}' as rule_version,
    on_date as valid_from,
    lead(on_date) over (partition by member_key order by on_date) as valid_to
from entered
