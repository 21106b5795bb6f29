{# The grain of a model over several columns: no two rows agree in all of them. A view over very many
   days is looked at for the last `within_days` days of `day_column` only. #}
{% test unique_combination(model, columns, day_column=none, within_days=1) %}
  select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    count(*) as row_count
  from {{ model }}
  {%- if day_column %}
  where {{ day_column }} > {{ add_days(as_of_date(), 0 - within_days) }}
  {%- endif %}
  group by {{ columns | join(', ') }}
  having count(*) > 1
{% endtest %}
