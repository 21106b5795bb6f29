{# A date (not a timestamp, as dateadd may give) some days later. #}
{% macro add_days(date_expression, days) -%}
  cast({{ dbt.dateadd('day', days, date_expression) }} as date)
{%- endmacro %}
