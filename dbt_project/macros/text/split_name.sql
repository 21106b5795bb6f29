{# A full name cut at its last space: all before it, and the last word. #}
{% macro first_names(expression) -%}
  nullif(trim(substring(
    trim({{ expression }}), 1, length(trim({{ expression }})) - length({{ last_name(expression) }})
  )), '')
{%- endmacro %}

{% macro last_name(expression) -%}
  nullif({{ last_word("trim(" ~ expression ~ ")") }}, '')
{%- endmacro %}

{% macro last_word(expression) -%}
  {{ return(adapter.dispatch('last_word')(expression)) }}
{%- endmacro %}

{% macro default__last_word(expression) -%}
  regexp_replace({{ expression }}, '^.* ', '')
{%- endmacro %}
