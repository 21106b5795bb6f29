{# One scalar of a JSON column as text; `path` is dotted ("name.en"). Null when it is not there. #}
{% macro json_get(expression, path) -%}
  {{ return(adapter.dispatch('json_get')(expression, path)) }}
{%- endmacro %}

{% macro default__json_get(expression, path) -%}
  json_extract_path_text(
    {{ expression }}{% for part in path.split('.') %}, '{{ part }}'{% endfor %}
  )
{%- endmacro %}

{% macro duckdb__json_get(expression, path) -%}
  json_extract_string({{ expression }}, '$.{{ path }}')
{%- endmacro %}

{% macro postgres__json_get(expression, path) -%}
  ({{ expression }} #>> '{ {{- path.split(".") | join(",") -}} }')
{%- endmacro %}

{% macro spark__json_get(expression, path) -%}
  get_json_object({{ expression }}, '$.{{ path }}')
{%- endmacro %}

{# A translated text such as {"en": "Congress", "de": "Kongress"}: English, else its first language,
   else the text itself when it is not translated at all. #}
{% macro json_text(expression) -%}
  {{ return(adapter.dispatch('json_text')(expression)) }}
{%- endmacro %}

{% macro default__json_text(expression) -%}
  coalesce({{ json_get(expression, 'en') }}, {{ json_get(expression, 'de') }})
{%- endmacro %}

{% macro duckdb__json_text(expression) -%}
  coalesce(
    json_extract_string({{ expression }}, '$.en'),
    json_extract_string({{ expression }}, '$.*')[1],
    json_extract_string({{ expression }}, '$')
  )
{%- endmacro %}

{# From a JSON array of objects: the text at `value_key` of the first object whose `match_key` is
   `match_value` (pretix answers, for one). #}
{% macro json_array_lookup(expression, match_key, match_value, value_key) -%}
  {{ return(adapter.dispatch('json_array_lookup')(expression, match_key, match_value, value_key)) }}
{%- endmacro %}

{% macro default__json_array_lookup(expression, match_key, match_value, value_key) -%}
  (
    select element ->> '{{ value_key }}'
    from jsonb_array_elements(cast({{ expression }} as jsonb)) as elements (element)
    where element ->> '{{ match_key }}' = '{{ match_value }}'
    limit 1
  )
{%- endmacro %}

{% macro duckdb__json_array_lookup(expression, match_key, match_value, value_key) -%}
  json_extract_string(
    list_filter(
      cast({{ expression }} as json []),
      lambda element: json_extract_string(element, '$.{{ match_key }}') = '{{ match_value }}'
    )[1],
    '$.{{ value_key }}'
  )
{%- endmacro %}
