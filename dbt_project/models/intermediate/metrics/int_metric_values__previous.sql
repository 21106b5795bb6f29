-- The mature values of the metrics as the last good build left them; empty at the first build. Read
-- from the database and not through ref(), because meta_metric_value is built from this.
{%- set before = adapter.get_relation(database=this.database, schema=this.schema, identifier='meta_metric_value') %}
{% if before -%}
    select
        metric,
        slice_name,
        slice_value,
        definition_version,
        value,
        period_start,
        period_end,
        published_since,
        as_of_date,
        known_until
    from {{ before }}
{%- else -%}
    select
        cast(null as varchar) as metric,
        cast(null as varchar) as slice_name,
        cast(null as varchar) as slice_value,
        cast(null as varchar) as definition_version,
        cast(null as double precision) as value,
        cast(null as date) as period_start,
        cast(null as date) as period_end,
        cast(null as date) as published_since,
        cast(null as date) as as_of_date,
        cast(null as timestamp) as known_until
    where 1 = 0
{%- endif %}
