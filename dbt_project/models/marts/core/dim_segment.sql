-- One row per segment and version, as configured.
{%- set segments = var('segments') %}
{%- for segment in segments %}
select
    '{{ segment.id }}' as segment_id,
    cast({{ segment.version }} as integer) as segment_version,
    cast({{ segment.priority }} as integer) as priority,
    '{{ segment.purpose }}' as purpose,
    '{{ segment.channel }}' as channel,
    '{{ segment.owner_team }}' as owner_team,
    '{{ segment.rule | replace("'", "''") | replace("\n", " ") }}' as rule
{{ 'union all' if not loop.last }}
{%- else %}
-- no segment is configured: an empty table of the same shape
select
    cast(null as {{ dbt.type_string() }}) as segment_id,
    cast(null as integer) as segment_version,
    cast(null as integer) as priority,
    cast(null as {{ dbt.type_string() }}) as purpose,
    cast(null as {{ dbt.type_string() }}) as channel,
    cast(null as {{ dbt.type_string() }}) as owner_team,
    cast(null as {{ dbt.type_string() }}) as rule
where 1 = 0
{%- endfor %}
