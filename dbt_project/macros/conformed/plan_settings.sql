{# A plan's own value from var `plan_overrides`, else the fallback expression. `code` is the SQL
   expression of the plan's code; `quoted` for text values. #}
{% macro plan_setting(code, setting, fallback, quoted=false) -%}
  {%- set overrides = var('plan_overrides') -%}
  {%- set known = [] -%}
  {%- for plan_code, settings in overrides.items() if setting in settings -%}
    {%- do known.append((plan_code, settings[setting])) -%}
  {%- endfor -%}
  {%- if known -%}
    case {{ code }}
    {%- for plan_code, value in known %}
      when '{{ plan_code }}' then {{ "'" ~ value ~ "'" if quoted else value }}
    {%- endfor %}
      else {{ fallback }}
    end
  {%- else -%}
    {{ fallback }}
  {%- endif -%}
{%- endmacro %}
