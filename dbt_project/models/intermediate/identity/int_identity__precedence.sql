-- Whose word counts first among the records of one person: the order of var source_priority, then the
-- latest change, then the fuller record.
with current_map as (
    select * from {{ ref('int_identity__current') }}
    where is_record_current
),

people as (
    select * from {{ ref('conformed__people') }}
),

described as (
    select
        current_map.member_key,
        people.source_system,
        people.source_record_id,
        {{ source_rank('people.source_system') }} as priority,
        coalesce(people.updated_at, cast('0001-01-01' as timestamp)) as updated_at,
        {%- for columns in survivor_columns().values() %}
        {%- set outer_last = loop.last %}
        {%- for column in columns %}
        case when people.{{ column }} is null then 0 else 1 end{{ ' +' if not (outer_last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
        as completeness
    from people
    inner join current_map
        on
            people.source_system = current_map.source_system
            and people.source_record_id = current_map.source_record_id
)

select
    *,
    row_number() over (
        partition by member_key
        order by priority, updated_at desc, completeness desc, source_system, source_record_id
    ) as precedence
from described
