-- The restatements noted up to the last good build; empty at the first build. Read from the database
-- and not through ref(), because meta_restatement is built from this.
{%- set before = adapter.get_relation(database=this.database, schema=this.schema, identifier='meta_restatement') %}
{% if before -%}
    select
        restatement_id,
        metric,
        slice_name,
        slice_value,
        reason,
        published_definition_version,
        new_definition_version,
        published_value,
        new_value,
        period_start,
        period_end,
        published_since,
        restated_on
    from {{ before }}
{%- else -%}
    select
        cast(null as varchar) as restatement_id,
        cast(null as varchar) as metric,
        cast(null as varchar) as slice_name,
        cast(null as varchar) as slice_value,
        cast(null as varchar) as reason,
        cast(null as varchar) as published_definition_version,
        cast(null as varchar) as new_definition_version,
        cast(null as double precision) as published_value,
        cast(null as double precision) as new_value,
        cast(null as date) as period_start,
        cast(null as date) as period_end,
        cast(null as date) as published_since,
        cast(null as date) as restated_on
    where 1 = 0
{%- endif %}
