{# For source freshness: when anything of a source was last loaded. A source nobody configured has no
   state and counts as fresh. #}
{% macro last_read_at(source_name) -%}
  select coalesce(max(loaded_at), {{ utc_now() }})
  from {{ var('raw_database') }}._journey.sync_state
  where source = '{{ source_name }}'
{%- endmacro %}
