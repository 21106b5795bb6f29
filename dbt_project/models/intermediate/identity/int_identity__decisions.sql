-- What people have decided about two records, as the run copied it from the organisation's file of
-- decisions into raw; the latest word on a pair counts, and what was not yet decided at the moment the
-- build describes, or had been taken back by then, does not. Read from the database and not through
-- source(), because the table is absent until the first run has copied the file.
{%- set decided = adapter.get_relation(
    database=var('raw_database') or this.database, schema='_journey', identifier='identity_decisions'
) %}
with decisions as (
    {% if decided -%}
    select
        decision_number,
        kind,
        is_forced,
        left_source_system,
        left_record_id,
        right_source_system,
        right_record_id
    from {{ decided }}
    where
        decided_at <= {{ knowledge_timestamp() }}
        and (withdrawn_at is null or withdrawn_at > {{ knowledge_timestamp() }})
    {%- else -%}
    select
        cast(null as integer) as decision_number,
        cast(null as varchar) as kind,
        cast(null as boolean) as is_forced,
        cast(null as varchar) as left_source_system,
        cast(null as varchar) as left_record_id,
        cast(null as varchar) as right_source_system,
        cast(null as varchar) as right_record_id
    where 1 = 0
    {%- endif %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by left_source_system, left_record_id, right_source_system, right_record_id
            order by decision_number desc
        ) as recency
    from decisions
)

select
    decision_number,
    kind,
    is_forced,
    left_source_system,
    left_record_id,
    right_source_system,
    right_record_id
from ranked
where recency = 1
