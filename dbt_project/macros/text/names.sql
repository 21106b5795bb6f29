{# A name as it is compared: lower case, without accents, punctuation or spaces; null when nothing is
   left. Letters of any alphabet stay, so that two Cyrillic names never look equally empty. #}
{% macro name_key(expression) -%}
  nullif({{ letters_and_digits("lower(" ~ strip_accents("cast(" ~ expression ~ " as varchar)") ~ ")") }}, '')
{%- endmacro %}

{% macro strip_accents(expression) -%}
  {{ return(adapter.dispatch('strip_accents')(expression)) }}
{%- endmacro %}

{% macro default__strip_accents(expression) -%}
  translate(
    {{ expression }},
    'áàâäãåéèêëíìîïóòôöõúùûüçñýÿÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÇÑÝ',
    'aaaaaaeeeeiiiiooooouuuucnyyAAAAAAEEEEIIIIOOOOOUUUUCNY'
  )
{%- endmacro %}

{% macro duckdb__strip_accents(expression) -%}
  strip_accents({{ expression }})
{%- endmacro %}

{% macro postgres__strip_accents(expression) -%}
  unaccent({{ expression }})
{%- endmacro %}

{% macro letters_and_digits(expression) -%}
  {{ return(adapter.dispatch('letters_and_digits')(expression)) }}
{%- endmacro %}

{% macro default__letters_and_digits(expression) -%}
  regexp_replace({{ expression }}, '[^[:alnum:]]', '', 'g')
{%- endmacro %}

{% macro duckdb__letters_and_digits(expression) -%}
  regexp_replace({{ expression }}, '[^\p{L}\p{N}]', '', 'g')
{%- endmacro %}

{% macro spark__letters_and_digits(expression) -%}
  regexp_replace({{ expression }}, '[^\\p{L}\\p{N}]', '')
{%- endmacro %}

{# Levenshtein distance; DuckDB, Spark and Postgres (fuzzystrmatch) agree on the name. #}
{% macro levenshtein(left_expression, right_expression) -%}
  {{ return(adapter.dispatch('levenshtein')(left_expression, right_expression)) }}
{%- endmacro %}

{% macro default__levenshtein(left_expression, right_expression) -%}
  levenshtein({{ left_expression }}, {{ right_expression }})
{%- endmacro %}
