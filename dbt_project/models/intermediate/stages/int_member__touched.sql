-- One row per person who was ever touched: what they did and what reached them lately.
-- "90d" is the 90 days that end on the as-of day; "12m" the 365 days.
with touchpoints as (

    select * from {{ ref('fct_touchpoint') }}
    where
        member_key is not null
        and touch_date <= {{ as_of_date() }}

),

standing as (

    select * from {{ ref('int_member__standing') }}

),

aged as (

    select
        touchpoints.member_key,
        touchpoints.activity,
        touchpoints.is_member_initiated,
        touchpoints.is_meaningful,
        touchpoints.touch_date,
        touchpoints.is_value_event
        and touchpoints.touch_date >= standing.spell_start_date as is_value_in_spell,
        {{ days_between('touchpoints.touch_date', as_of_date()) }} as days_ago
    from touchpoints
    left join standing on touchpoints.member_key = standing.member_key

)

select
    member_key,
    sum(case when is_meaningful and days_ago < 90 then 1 else 0 end) as meaningful_touches_90d,
    sum(case when is_value_in_spell then 1 else 0 end) as value_events_since_spell_start,
    sum(case when activity = 'event_attended' and days_ago < 365 then 1 else 0 end)
        as events_attended_12m,
    sum(case when activity = 'event_no_show' and days_ago < 365 then 1 else 0 end)
        as no_shows_12m,
    sum(case when activity = 'email_sent' and days_ago < 30 then 1 else 0 end) as emails_sent_30d,
    sum(case when activity = 'email_clicked' and days_ago < 90 then 1 else 0 end)
        as emails_clicked_90d,
    max(case when is_member_initiated then touch_date end) as last_touch_date,
    max(case when is_meaningful then touch_date end) as last_meaningful_touch_date,
    min(case when is_value_in_spell then touch_date end) as first_value_event_date,
    max(case when activity = 'payment_made' then touch_date end) as last_payment_date,
    max(case when activity = 'payment_failed' then touch_date end) as last_failed_payment_date
from aged
group by member_key
