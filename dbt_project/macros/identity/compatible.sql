{# Two normalised first names that may be one: either is missing, equal, one typo apart in names of
   four letters and more, or one is the other's initial. #}
{% macro first_names_compatible(left_name, right_name) -%}
  (
    {{ left_name }} is null
    or {{ right_name }} is null
    or {{ left_name }} = {{ right_name }}
    or {{ one_typo_apart(left_name, right_name) }}
    or (length({{ left_name }}) = 1 and {{ left_name }} = substring({{ right_name }}, 1, 1))
    or (length({{ right_name }}) = 1 and {{ right_name }} = substring({{ left_name }}, 1, 1))
  )
{%- endmacro %}

{% macro one_typo_apart(left_name, right_name) -%}
  (
    length({{ left_name }}) >= 4
    and length({{ right_name }}) >= 4
    and abs(length({{ left_name }}) - length({{ right_name }})) <= 1
    and {{ levenshtein(left_name, right_name) }} <= 1
  )
{%- endmacro %}

{# Two records whose names do not contradict each other; takes the aliases of two relations with
   first_key and last_key. #}
{% macro names_compatible(left_alias, right_alias) -%}
  (
    {{ left_alias }}.first_key = {{ right_alias }}.first_key
    or (
      {{ first_names_compatible(left_alias ~ '.first_key', right_alias ~ '.first_key') }}
      and (
        {{ left_alias }}.last_key is null
        or {{ right_alias }}.last_key is null
        or {{ left_alias }}.last_key = {{ right_alias }}.last_key
        or {{ one_typo_apart(left_alias ~ '.last_key', right_alias ~ '.last_key') }}
      )
    )
  )
{%- endmacro %}
