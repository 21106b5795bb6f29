{#- Tenure bands (var `tenure_bands`): {name: days of membership from which on it holds}, in rising
    order. Gaps between memberships do not count. Nobody who was never a member has a band. -#}
{%- macro tenure_band(tenure_days) -%}
    case
        when {{ tenure_days }} is null then 'none'
        {%- for band, days in (var('tenure_bands').items() | list) | reverse %}
        when {{ tenure_days }} >= {{ days }} then '{{ band }}'
        {%- endfor %}
    end
{%- endmacro -%}

{#- The name of a band by its place: 1 is the first, null is nobody who was never a member. -#}
{%- macro tenure_band_of_rank(tenure_rank) -%}
    case
        {%- for band in var('tenure_bands') %}
        when {{ tenure_rank }} = {{ loop.index }} then '{{ band }}'
        {%- endfor %}
        else 'none'
    end
{%- endmacro -%}
