-- The open rows of map_identity as the last build left them; empty at the first build. Read from the
-- database and not through ref(), because map_identity is built from this.
{%- set map = adapter.get_relation(database=this.database, schema=this.schema, identifier='map_identity') %}
{% if map -%}
    select
        map_id,
        source_system,
        source_record_id,
        person_key,
        rule_id,
        score,
        status,
        valid_from,
        run_id
    from {{ map }}
    where valid_to is null
{%- else -%}
    select
        cast(null as varchar) as map_id,
        cast(null as varchar) as source_system,
        cast(null as varchar) as source_record_id,
        cast(null as varchar) as person_key,
        cast(null as varchar) as rule_id,
        cast(null as decimal(5, 4)) as score,
        cast(null as varchar) as status,
        cast(null as timestamp) as valid_from,
        cast(null as varchar) as run_id
    where 1 = 0
{%- endif %}
