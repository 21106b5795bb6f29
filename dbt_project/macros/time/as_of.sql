{# The local day the build describes, as a date expression. Stages and "is it over?" depend on it. #}
{% macro as_of_date() -%}
  {%- if var('as_of_date', none) -%}
    cast('{{ var("as_of_date") }}' as date)
  {%- else -%}
    {{ local_date(knowledge_timestamp()) }}
  {%- endif -%}
{%- endmacro %}

{# The last moment the build may call past: that of its knowledge, or the end of the as-of day when that
   is earlier. #}
{% macro as_of_timestamp() -%}
  {%- if var('as_of_date', none) -%}
    least(
      {{ knowledge_timestamp() }},
      {{ local_to_utc("cast('" ~ var('as_of_date') ~ "' as timestamp) + interval '1' day") }}
    )
  {%- else -%}
    {{ knowledge_timestamp() }}
  {%- endif -%}
{%- endmacro %}

{# When this build's knowledge was taken: the run's start, or the moment it pretends to be run at. #}
{% macro knowledge_timestamp() -%}
  {%- if var('as_known_at', none) -%}
    cast('{{ var("as_known_at") }}' as timestamp)
  {%- else -%}
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp)
  {%- endif -%}
{%- endmacro %}

{# Now as a naive UTC timestamp, the form in which every timestamp of the warehouse is kept. #}
{% macro utc_now() -%}
  cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp)
{%- endmacro %}
