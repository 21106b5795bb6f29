{# Rows of a raw table as the warehouse should see them: the current version of each record, or the
   version known at var `as_known_at`. Raw keeps every version (docs/adr/0013). #}
{% macro raw_current(source_name, table_name) -%}
  select *
  from {{ source(source_name, table_name) }}
  where
    {%- if var('as_known_at', none) %}
    _known_from <= {{ knowledge_timestamp() }}
    and (_known_to is null or _known_to > {{ knowledge_timestamp() }})
    {%- else %}
    _known_to is null
    {%- endif %}
    and not _is_deleted
{%- endmacro %}

{# Every version of each record known by then, for what needs history (price versions). #}
{% macro raw_history(source_name, table_name) -%}
  select *
  from {{ source(source_name, table_name) }}
  where
    not _is_deleted
    {%- if var('as_known_at', none) %}
    and _known_from <= {{ knowledge_timestamp() }}
    {%- endif %}
{%- endmacro %}

{# When a version ended, as far as was known: of a row of raw_history, `_known_to` or what it is called
   there. A later end is not known yet. #}
{% macro version_ended_at(column='_known_to') -%}
  {%- if var('as_known_at', none) -%}
    case when {{ column }} <= {{ knowledge_timestamp() }} then {{ column }} end
  {%- else -%}
    {{ column }}
  {%- endif -%}
{%- endmacro %}
