{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='map_id',
        full_refresh=false,
        on_schema_change='fail'
    )
}}
-- Only changes are written: the new row of a record, and its former row with its end. No row is ever
-- removed, not even by a full refresh.
with assigned as (
    select * from {{ ref('int_identity__assigned') }}
),

previous as (
    select * from {{ ref('int_identity__previous') }}
),

changed as (
    select
        assigned.source_system,
        assigned.source_record_id,
        assigned.person_key,
        assigned.rule_id,
        assigned.score,
        assigned.status
    from assigned
    left join previous
        on assigned.source_system = previous.source_system and assigned.source_record_id = previous.source_record_id
    where
        previous.person_key is null
        or previous.person_key <> assigned.person_key
        or previous.rule_id <> assigned.rule_id
        or previous.status <> assigned.status
),

opened as (
    select
        {{ surrogate_key(['source_system', 'source_record_id', knowledge_timestamp()]) }} as map_id,
        source_system,
        source_record_id,
        person_key,
        rule_id,
        score,
        status,
        {{ knowledge_timestamp() }} as valid_from,
        cast(null as timestamp) as valid_to,
        '{{ var("run_id") or invocation_id }}' as run_id
    from changed
),

closed as (
    select
        previous.map_id,
        previous.source_system,
        previous.source_record_id,
        previous.person_key,
        previous.rule_id,
        previous.score,
        previous.status,
        previous.valid_from,
        {{ knowledge_timestamp() }} as valid_to,
        previous.run_id
    from previous
    inner join changed
        on previous.source_system = changed.source_system and previous.source_record_id = changed.source_record_id
)

select * from opened
union all
select * from closed
