{# A phone number a source left inside a JSON field, kept only when it already is in E.164: the
   connectors normalise declared phone columns, nobody guesses a country here. #}
{% macro e164_or_null(expression) -%}
  case
    when {{ expression }} like '+%' and length({{ expression }}) between 8 and 16
      and {{ letters_and_digits(expression) }} = substring({{ expression }}, 2)
      then {{ expression }}
  end
{%- endmacro %}
