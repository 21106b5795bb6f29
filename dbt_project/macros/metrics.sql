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
    {#- rounding takes it a hair beyond 0 or 1; a null stays null (greatest and least may drop it) #}
    case
        when {{ n }} is not null then {{ 'greatest(0, ' if side == 'low' else 'least(1, ' }}(
            {{ p }} + {{ z }} * {{ z }} / (2 * {{ n }})
            {{ '-' if side == 'low' else '+' }} {{ z }} * sqrt(
                {{ p }} * (1 - {{ p }}) / {{ n }} + {{ z }} * {{ z }} / (4.0 * {{ n }} * {{ n }})
            )
        ) / (1 + {{ z }} * {{ z }} / {{ n }}))
    end
{%- endmacro -%}

{#- The as-of day and the days before it, `count` in all, as rows of day_date. Made of digits,
    because engines have no series in common. -#}
{%- macro days_back(count) -%}
    select {{ add_days(as_of_date(), '0 - (' ~ counted_back() ~ ')') }} as day_date
    {{ counting_back(count) }}
{%- endmacro -%}

{#- The numbers (see month_index) of the as-of day's month and the months before it, `count` in all,
    as rows of month_no. -#}
{%- macro months_back(count) -%}
    select {{ month_index(as_of_date()) }} - ({{ counted_back() }}) as month_no
    {{ counting_back(count) }}
{%- endmacro -%}

{#- 0 to 999 as an expression over the rows of counting_back. -#}
{%- macro counted_back() -%}
    ones.digit + 10 * tens.digit + 100 * hundreds.digit
{%- endmacro -%}

{%- macro counting_back(count) -%}
    from ({{ digits() }}) as ones
    cross join ({{ digits() }}) as tens
    cross join ({{ digits() }}) as hundreds
    where {{ counted_back() }} < {{ count }}
{%- endmacro -%}

{%- macro digits() -%}
    {%- for digit in range(10) %}
    select {{ digit }} as digit{{ ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro -%}

{#- Net Promoter Score in points, -100 to 100; null, never 0, when nobody answered. -#}
{%- macro nps_points(promoters, detractors, responses) -%}
    100 * cast({{ promoters }} - {{ detractors }} as double precision) / nullif({{ responses }}, 0)
{%- endmacro -%}

{#- One bound of the adjusted-Wald 95 % interval of a Net Promoter Score: 0.75, 1.5 and 0.75 answers
    are added to the three groups (Rocks 2016, Journal of Marketing Analytics 4). -#}
{%- macro nps_bound(promoters, detractors, responses, side) -%}
    {%- set n = '(nullif(' ~ responses ~ ', 0) + 3)' -%}
    {%- set p = '(' ~ promoters ~ ' + cast(0.75 as double precision)) / ' ~ n -%}
    {%- set d = '(' ~ detractors ~ ' + cast(0.75 as double precision)) / ' ~ n -%}
    100 * (
        {{ p }} - {{ d }}
        {{ '-' if side == 'low' else '+' }} {{ z95() }} * sqrt(
            ({{ p }} + {{ d }} - ({{ p }} - {{ d }}) * ({{ p }} - {{ d }})) / {{ n }}
        )
    )
{%- endmacro -%}

{#- A month as a number, so that months can be counted: 12 x year + month - 1. -#}
{%- macro month_index(date_expression) -%}
    cast(
        12 * extract(year from {{ date_expression }}) + extract(month from {{ date_expression }}) - 1
        as integer
    )
{%- endmacro -%}

{#- The first day of the month with this number. -#}
{%- macro month_start(index) -%}
    cast({{ dbt.dateadd('month', index ~ ' - 24000', "cast('2000-01-01' as date)") }} as date)
{%- endmacro -%}

{#- Whether two values differ, a missing one included. -#}
{%- macro differs(left_value, right_value) -%}
    (
        {{ left_value }} <> {{ right_value }}
        or ({{ left_value }} is null and {{ right_value }} is not null)
        or ({{ left_value }} is not null and {{ right_value }} is null)
    )
{%- endmacro -%}

{#- The last days of the latest months that have ended by the as-of day, at most `count` of them
    (up to 999), as rows of month_end_date. -#}
{%- macro month_ends_back(count) -%}
    {%- set months_ago = '(' ~ counted_back() ~ ')' -%}
    {%- set month_end = 'cast(' ~ dbt.last_day(
        dbt.dateadd('month', '0 - ' ~ months_ago, as_of_date()), 'month'
    ) ~ ' as date)' -%}
    select {{ month_end }} as month_end_date
    {{ counting_back(count + 1) }}
        and {{ month_end }} <= {{ as_of_date() }}
{%- endmacro -%}
