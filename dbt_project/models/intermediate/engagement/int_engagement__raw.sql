-- One row per person who did something and day of measurement since: the decayed sum of points. Ten
-- decimals, so that the order in which an engine adds up does not decide who ranks before whom.
-- Points are first brought together on the next day that anything is measured on; from there they
-- fade on together, half-life by half-life, instead of one by one.
{%- set trend_date = add_days(as_of_date(), -90) %}
with points as (

    select * from {{ ref('int_engagement__points') }}

),

days as (

    select * from {{ ref('int_engagement__days') }}

),

first_day as (

    select min(measured_on_date) as measured_on_date from days

),

-- no day of measurement lies between an act and the day it is gathered on
gathered as (

    select
        points.member_key,
        points.half_life_days,
        points.touch_date,
        points.points,
        greatest(
            first_day.measured_on_date,
            least(
                cast({{ dbt.last_day('points.touch_date', 'month') }} as date),
                case
                    when points.touch_date <= {{ trend_date }} then {{ trend_date }}
                    else {{ as_of_date() }}
                end
            )
        ) as gathered_on_date
    from points
    cross join first_day

),

summed as (

    select
        member_key,
        half_life_days,
        gathered_on_date,
        sum({{ decayed('points', days_between('touch_date', 'gathered_on_date'), 'half_life_days') }})
            as points
    from gathered
    group by member_key, half_life_days, gathered_on_date

)

select
    summed.member_key,
    cast(cast(sum({{ decayed(
        'summed.points',
        days_between('summed.gathered_on_date', 'days.measured_on_date'),
        'summed.half_life_days'
    ) }}) as decimal(20, 10)) as double precision) as raw,
    days.measured_on_date
from summed
inner join days on summed.gathered_on_date <= days.measured_on_date
group by summed.member_key, days.measured_on_date
