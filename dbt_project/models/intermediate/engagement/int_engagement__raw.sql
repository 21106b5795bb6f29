-- One row per person who did something and day of measurement since: the decayed sum of points. Ten
-- decimals, so that the order in which an engine adds up does not decide who ranks before whom.
with points as (

    select * from {{ ref('int_engagement__points') }}

),

days as (

    select * from {{ ref('int_engagement__days') }}

)

select
    points.member_key,
    cast(cast(sum({{ decayed(
        'points.points',
        days_between('points.touch_date', 'days.measured_on_date'),
        'points.half_life_days'
    ) }}) as decimal(20, 10)) as double precision) as raw,
    days.measured_on_date
from points
inner join days on points.touch_date <= days.measured_on_date
group by points.member_key, days.measured_on_date
