{# Unix seconds -> naive UTC timestamp. #}
{% macro unix_to_timestamp(expression) -%}
  {{ return(adapter.dispatch('unix_to_timestamp')(expression)) }}
{%- endmacro %}

{% macro default__unix_to_timestamp(expression) -%}
  timezone('UTC', to_timestamp({{ expression }}))
{%- endmacro %}

{% macro spark__unix_to_timestamp(expression) -%}
  to_utc_timestamp(timestamp_seconds({{ expression }}), current_timezone())
{%- endmacro %}
