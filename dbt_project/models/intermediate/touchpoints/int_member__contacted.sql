-- One row per person written to lately: how often, and whether it is too much.
-- "7d" is the 7 days that end on the as-of day, "30d" the 30. What bounced reached nobody.
with messages as (

    select
        member_key,
        is_promotional,
        case when is_delivered then {{ days_between('sent_date', as_of_date()) }} end as days_ago,
        case when is_clicked then {{ days_between(local_date('first_clicked_at'), as_of_date()) }} end
            as clicked_days_ago
    from {{ ref('fct_message') }}
    where member_key is not null

),

counted as (

    select
        member_key,
        sum(case when days_ago < 7 then 1 else 0 end) as messages_7d,
        sum(case when days_ago < 30 then 1 else 0 end) as messages_30d,
        sum(case when days_ago < 7 and is_promotional then 1 else 0 end) as promotional_7d,
        sum(case when days_ago < 30 and is_promotional then 1 else 0 end) as promotional_30d,
        sum(case when clicked_days_ago < 30 then 1 else 0 end) as clicks_30d
    from messages
    where days_ago < 30 or clicked_days_ago < 30
    group by member_key

)

select
    member_key,
    cast(messages_7d as integer) as messages_7d,
    cast(messages_30d as integer) as messages_30d,
    cast(promotional_7d as integer) as promotional_7d,
    cast(promotional_30d as integer) as promotional_30d,
    cast(clicks_30d as integer) as clicks_30d,
    promotional_30d >= {{ var('fatigue_messages_30d') }} and clicks_30d = 0 as contact_fatigue
from counted
