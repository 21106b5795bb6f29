{# The union of stg_<source>__<entity> over var `conformed_sources`, typed, in contract order. #}
{% macro union_staged(entity) -%}
  {%- set columns = conformed_columns(entity) -%}
  {%- set sources = var('conformed_sources')[entity] -%}
  {%- for source_system in sources %}
  select
    {%- for name, type in columns.items() %}
    cast({{ name }} as {{ type }}) as {{ name }},
    {%- endfor %}
    cast('{{ source_system }}' as varchar) as source_system,
    cast(known_at as timestamp) as known_at
  from {{ ref('stg_' ~ source_system ~ '__' ~ entity) }}
  {%- if not loop.last %}
  union all
  {%- endif -%}
  {%- endfor %}
{%- endmacro %}
