{#- Whole minor units over whole days. Largest remainder: every day gets the same whole amount, the first
    days one unit more, until the sum is the amount exactly (docs/DECISIONLOG.md, "Dues money"). -#}

{#- How often `parts` (positive) goes into `amount` (not negative), without an engine's own division of
    whole numbers. -#}
{%- macro whole_share(amount, parts) -%}
    cast(({{ amount }} - mod({{ amount }}, {{ parts }})) / {{ parts }} as bigint)
{%- endmacro -%}

{#- What of an amount is earned when `day` of its `days` are over; 0 before the first, all at the last. -#}
{%- macro earned_through(amount, days, day) -%}
    (
        case when {{ amount }} < 0 then -1 else 1 end * (
            {{ whole_share('abs(' ~ amount ~ ')', days) }} * {{ day }}
            + least({{ day }}, mod(abs({{ amount }}), {{ days }}))
        )
    )
{%- endmacro -%}

{#- A number of days held between 0 and `days`. -#}
{%- macro within_days(number, days) -%}
    greatest(0, least({{ number }}, {{ days }}))
{%- endmacro -%}

{#- The first day of a date's month, and a date some months later. -#}
{%- macro month_of(expression) -%}
    cast({{ dbt.date_trunc('month', expression) }} as date)
{%- endmacro -%}

{%- macro add_months(expression, months) -%}
    cast({{ dbt.dateadd('month', months, expression) }} as date)
{%- endmacro -%}
