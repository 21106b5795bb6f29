-- One row per person who did something and day of measurement since: the decayed sum of points.
with points as (

    select * from {{ ref('int_engagement__points') }}

),

days as (

    select * from {{ ref('int_engagement__days') }}

)

select
    points.member_key,
    sum({{ decayed(
        'points.points',
        days_between('points.touch_date', 'days.measured_on_date'),
        'points.half_life_days'
    ) }}) as raw,
    days.measured_on_date
from points
inner join days on points.touch_date <= days.measured_on_date
group by points.member_key, days.measured_on_date
