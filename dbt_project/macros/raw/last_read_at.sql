{# For source freshness: when a source of this kind was last loaded; of several, the one that waits
   longest. A kind nobody configured has no state and counts as fresh. #}
{% macro last_read_at(kind) -%}
  {%- set names = var('mapped_sources') if kind == 'mapped' else [var('source_names').get(kind, kind)] -%}
  select coalesce(min(loaded_at), {{ utc_now() }})
  from (
    select
      source,
      max(loaded_at) as loaded_at
    from {{ var('raw_database') }}._journey.sync_state
    where source in ('{{ names | join("', '") }}')
    group by source
  ) as latest
{%- endmacro %}
