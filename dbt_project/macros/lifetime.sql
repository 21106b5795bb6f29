{#- Formulas of lifetime value; definitions and examples: docs/DECISIONLOG.md, "Lifetime value". -#}

{#- Years a member stays when the same share renews every year; null when nobody ever leaves. -#}
{%- macro expected_years(renewal_rate) -%}
    1 / nullif(1 - {{ renewal_rate }}, 0)
{%- endmacro -%}

{#- The same with a first renewal of its own: 1 + r1 / (1 - r2). -#}
{%- macro expected_years_two_stage(first_rate, later_rate) -%}
    1 + {{ first_rate }} / nullif(1 - {{ later_rate }}, 0)
{%- endmacro -%}
