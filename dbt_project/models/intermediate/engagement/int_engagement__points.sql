-- One row per person, day and activity: the points of what the person did on the day, after caps.
-- Only what people do themselves counts, whatever an organisation's weights say. A view: read once.
{{ config(materialized='view') }}
with touchpoints as (

    select * from {{ ref('fct_touchpoint') }}

),

activities as (

    select * from {{ ref('dim_activity') }}
    where weight > 0

),

daily as (

    select
        touchpoints.member_key,
        touchpoints.activity,
        touchpoints.touch_date,
        count(*) as acts
    from touchpoints
    where
        touchpoints.member_key is not null
        and touchpoints.is_member_initiated
        and touchpoints.touch_date <= {{ as_of_date() }}
        and touchpoints.activity in (select activities.activity from activities)
    group by touchpoints.member_key, touchpoints.activity, touchpoints.touch_date

),

weighed as (

    select
        daily.member_key,
        daily.activity,
        daily.touch_date,
        activities.weight,
        activities.half_life_days,
        activities.cap_28d,
        least(daily.acts, activities.cap_day) as acts,
        -- periods of 28 days on a fixed calendar: what a day counts never changes afterwards
        floor({{ days_between("cast('2000-01-03' as date)", 'daily.touch_date') }} / 28.0)
            as period_number
    from daily
    inner join activities on daily.activity = activities.activity

),

capped as (

    select
        member_key,
        activity,
        touch_date,
        half_life_days,
        weight,
        -- the first acts of a period count
        least(acts, cap_28d - coalesce(sum(acts) over (
            partition by member_key, activity, period_number
            order by touch_date
            rows between unbounded preceding and 1 preceding
        ), 0)) as counted_acts
    from weighed

)

select
    member_key,
    activity,
    half_life_days,
    counted_acts * weight as points,
    touch_date
from capped
where counted_acts > 0
