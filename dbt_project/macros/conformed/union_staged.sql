{# The kinds of source that feed an entity: those of var `feeds`, of them the ones in var `kinds`. #}
{% macro kinds_feeding(entity) -%}
  {%- set found = [] -%}
  {%- for kind, entities in var('feeds').items() if entity in entities and is_read(kind) -%}
    {%- do found.append(kind) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro %}

{# Whether sources of this kind are part of the build: var `kinds` names them, null means all. #}
{% macro is_read(kind) -%}
  {{ return(var('kinds') is none or kind in var('kinds')) }}
{%- endmacro %}

{# The union of stg_<kind>__<entity> over all kinds that feed the entity, typed, in contract order;
   without any, the same columns and no row. A mapped source's own name is its source_system. #}
{% macro union_staged(entity) -%}
  {%- set columns = conformed_columns(entity) -%}
  {%- for kind in kinds_feeding(entity) %}
  select
    {%- for name, type in columns.items() %}
    cast({{ name }} as {{ type }}) as {{ name }},
    {%- endfor %}
    cast({{ "source_system" if kind == "mapped" else "'" ~ kind ~ "'" }} as varchar) as source_system,
    cast(known_at as timestamp) as known_at
  from {{ ref('stg_' ~ kind ~ '__' ~ entity) }}
  {%- if not loop.last %}
  union all
  {%- endif -%}
  {%- else %}
  select
    {%- for name, type in columns.items() %}
    cast(null as {{ type }}) as {{ name }},
    {%- endfor %}
    cast(null as varchar) as source_system,
    cast(null as timestamp) as known_at
  where 1 = 0
  {%- endfor %}
{%- endmacro %}
