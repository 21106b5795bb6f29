{# Rows of `name` from 0 to 10 to the power of `digits`, less 1: engines have no series in common. #}
{% macro numbers(name, digits) -%}
    select
        {%- for place in range(digits) %}
        {{ '+ ' if not loop.first }}d{{ place }}.digit * {{ 10 ** place }}
        {%- endfor %} as {{ name }}
    from
        {%- for place in range(digits) %}
        {{ 'cross join ' if not loop.first }}(
            {%- for digit in range(10) %}
            select {{ digit }} as digit{{ ' union all' if not loop.last }}
            {%- endfor %}
        ) as d{{ place }}
        {%- endfor %}
{%- endmacro %}
