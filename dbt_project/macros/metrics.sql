{#- Statistics of the metric tables. Definitions: docs/DECISIONLOG.md. -#}

{#- 97.5 % quantile of the normal distribution: two-sided 95 % intervals. -#}
{%- macro z95() -%}1.959963984540054{%- endmacro -%}

{#- A share in double precision; null, never 0, when nothing could happen. -#}
{%- macro share(numerator, denominator) -%}
    cast({{ numerator }} as double precision) / nullif({{ denominator }}, 0)
{%- endmacro -%}

{#- One bound of the Wilson 95 % interval; side is 'low' or 'high'. -#}
{%- macro wilson_bound(numerator, denominator, side) -%}
    {%- set p = '(' ~ share(numerator, denominator) ~ ')' -%}
    {%- set n = 'nullif(' ~ denominator ~ ', 0)' -%}
    {%- set z = z95() -%}
    (
        {{ p }} + {{ z }} * {{ z }} / (2 * {{ n }})
        {{ '-' if side == 'low' else '+' }} {{ z }} * sqrt(
            {{ p }} * (1 - {{ p }}) / {{ n }} + {{ z }} * {{ z }} / (4.0 * {{ n }} * {{ n }})
        )
    ) / (1 + {{ z }} * {{ z }} / {{ n }})
{%- endmacro -%}

{#- The as-of day and the days before it, `count` in all, as rows of day_date. Made of digits,
    because engines have no series in common. -#}
{%- macro days_back(count) -%}
    select {{ add_days(as_of_date(), '0 - (ones.digit + 10 * tens.digit + 100 * hundreds.digit)') }}
        as day_date
    from (
        {%- for digit in range(10) %}
        select {{ digit }} as digit{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as ones
    cross join (
        {%- for digit in range(10) %}
        select {{ digit }} as digit{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as tens
    cross join (
        {%- for digit in range(10) %}
        select {{ digit }} as digit{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as hundreds
    where ones.digit + 10 * tens.digit + 100 * hundreds.digit < {{ count }}
{%- endmacro -%}

{#- The last days of the latest months that have ended by the as-of day, at most `count` of them
    (up to 999), as rows of month_end_date. -#}
{%- macro month_ends_back(count) -%}
    {%- set months_ago = '(ones.digit + 10 * tens.digit + 100 * hundreds.digit)' -%}
    {%- set month_end = 'cast(' ~ dbt.last_day(
        dbt.dateadd('month', '0 - ' ~ months_ago, as_of_date()), 'month'
    ) ~ ' as date)' -%}
    select {{ month_end }} as month_end_date
    from ({{ ten_digits() }}) as ones
    cross join ({{ ten_digits() }}) as tens
    cross join ({{ ten_digits() }}) as hundreds
    where
        {{ months_ago }} <= {{ count }}
        and {{ month_end }} <= {{ as_of_date() }}
{%- endmacro -%}

{#- The rows 0 to 9 of `digit`. -#}
{%- macro ten_digits() -%}
    {%- for digit in range(10) %}
        select {{ digit }} as digit{{ ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro -%}
