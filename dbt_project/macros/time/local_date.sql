{# The day a UTC timestamp falls on where the organisation is (var `timezone`). #}
{% macro local_date(expression) -%}
  cast({{ utc_to_local(expression) }} as date)
{%- endmacro %}

{# Naive UTC timestamp -> naive local timestamp. #}
{% macro utc_to_local(expression) -%}
  {{ return(adapter.dispatch('utc_to_local')(expression)) }}
{%- endmacro %}

{% macro default__utc_to_local(expression) -%}
  timezone('{{ var("timezone") }}', timezone('UTC', {{ expression }}))
{%- endmacro %}

{% macro spark__utc_to_local(expression) -%}
  from_utc_timestamp({{ expression }}, '{{ var("timezone") }}')
{%- endmacro %}

{# Naive local timestamp -> naive UTC timestamp. The doubled hour in autumn takes the engine's fixed
   choice; the missing hour in spring moves forward. #}
{% macro local_to_utc(expression) -%}
  {{ return(adapter.dispatch('local_to_utc')(expression)) }}
{%- endmacro %}

{% macro default__local_to_utc(expression) -%}
  timezone('UTC', timezone('{{ var("timezone") }}', {{ expression }}))
{%- endmacro %}

{% macro spark__local_to_utc(expression) -%}
  to_utc_timestamp({{ expression }}, '{{ var("timezone") }}')
{%- endmacro %}

{# A local calendar day -> the UTC moment it begins; for facts of which only the day is known. #}
{% macro day_start_utc(expression) -%}
  {{ local_to_utc("cast(" ~ expression ~ " as timestamp)") }}
{%- endmacro %}
