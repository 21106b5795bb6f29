-- One row per calendar day, with the fiscal year it belongs to (var fiscal_year_start_month).
with days as (

    select {{ add_days("cast('" ~ var('date_from') ~ "' as date)", 'day_number') }} as date_day
    from ({{ numbers('day_number', 5) }}) as numbers
    where day_number < 366 * {{ var('date_years') }}

),

numbered as (

    select
        date_day,
        cast(extract(year from date_day) as integer) as year_number,
        cast(extract(month from date_day) as integer) as month_number,
        cast(extract(day from date_day) as integer) as day_number,
        -- 1 January 1900 was a Monday
        cast(mod({{ days_between("cast('1900-01-01' as date)", 'date_day') }}, 7) + 1 as integer)
            as iso_weekday
    from days

),

placed as (

    select
        *,
        mod(month_number - {{ var('fiscal_year_start_month') }} + 12, 12) as fiscal_months_over
    from numbered
    -- as many whole years: a year has 365 days and sometimes one more
    where year_number < {{ var('date_from')[:4] | int + var('date_years') }}

)

select
    date_day,
    year_number,
    cast((month_number + 2 - mod(month_number + 2, 3)) / 3 as integer) as quarter_number,
    month_number,
    day_number,
    iso_weekday,
    -- the fiscal year is named after the calendar year in which it ends
    cast(
        year_number
        + case
            when {{ var('fiscal_year_start_month') }} > 1 and month_number >= {{ var('fiscal_year_start_month') }}
                then 1
            else 0
        end as integer
    ) as fiscal_year,
    cast((fiscal_months_over + 3 - mod(fiscal_months_over, 3)) / 3 as integer) as fiscal_quarter,
    cast(fiscal_months_over + 1 as integer) as fiscal_month,
    iso_weekday > 5 as is_weekend,
    date_day <= {{ as_of_date() }} as is_past,
    {{ month_of('date_day') }} as month_start,
    cast({{ dbt.last_day('date_day', 'month') }} as date) as month_end
from placed
