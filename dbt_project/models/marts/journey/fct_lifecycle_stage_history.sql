-- One row per person and unbroken stay in one stage.
with states as (

    select * from {{ ref('fct_member_state_history') }}

)

-- the reason is the one that opened the stay
select
    member_key,
    stage,
    cast({{ stage_label('stage') }} as {{ dbt.type_string() }}) as stage_label,
    prev_stage,
    reason,
    '{{ var('stage_rule_version') }}' as rule_version,
    valid_from,
    lead(valid_from) over (partition by member_key order by valid_from) as valid_to
from states
where is_stage_entered
