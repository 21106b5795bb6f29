-- One row per person and purpose of the messages that reached them in the last 30 days.
with messages as (

    select
        *,
        {{ days_between('sent_date', as_of_date()) }} as days_ago
    from {{ ref('fct_message') }}
    where
        member_key is not null
        and is_delivered
        and sent_date > {{ add_days(as_of_date(), -30) }}

),

contacted as (

    select * from {{ ref('int_member__contacted') }}

),

counted as (

    select
        member_key,
        purpose,
        is_promotional,
        sum(case when days_ago < 7 then 1 else 0 end) as messages_7d,
        count(*) as messages_30d,
        sum(case when is_clicked then 1 else 0 end) as clicked_messages_30d,
        count(distinct department) as departments_30d,
        max(sent_date) as last_sent_date
    from messages
    group by member_key, purpose, is_promotional

)

select
    counted.member_key,
    counted.purpose,
    counted.is_promotional,
    cast(counted.messages_7d as integer) as messages_7d,
    cast(counted.messages_30d as integer) as messages_30d,
    cast(counted.clicked_messages_30d as integer) as clicked_messages_30d,
    cast(counted.departments_30d as integer) as departments_30d,
    contacted.messages_7d as all_messages_7d,
    contacted.messages_30d as all_messages_30d,
    contacted.promotional_30d as all_promotional_30d,
    contacted.contact_fatigue,
    counted.last_sent_date,
    {{ as_of_date() }} as as_of_date
from counted
inner join contacted on counted.member_key = contacted.member_key
