{# The grain of a model over several columns: no two rows agree in all of them. #}
{% test unique_combination(model, columns) %}
  select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    count(*) as row_count
  from {{ model }}
  group by {{ columns | join(', ') }}
  having count(*) > 1
{% endtest %}
