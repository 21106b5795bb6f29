{# The one way to make a `_key`: a hash over the parts, in which a missing part differs from an empty
   one. Never feed it an e-mail address or a timestamp of the load. #}
{% macro surrogate_key(expressions) -%}
  {%- set parts = [] -%}
  {%- for expression in expressions -%}
    {%- do parts.append("coalesce(cast(" ~ expression ~ " as varchar), '_null_')") -%}
    {%- if not loop.last -%}{%- do parts.append("'|'") -%}{%- endif -%}
  {%- endfor -%}
  {{ dbt.hash(dbt.concat(parts)) }}
{%- endmacro %}
