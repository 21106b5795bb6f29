-- One row per day, department and purpose: the messages that went out and how many people got them.
with messages as (

    select * from {{ ref('fct_message') }}

)

select
    sent_date,
    department,
    purpose,
    count(*) as messages,
    count(distinct member_key) as people,
    cast(sum(case when is_promotional then 1 else 0 end) as bigint) as promotional_messages,
    cast(sum(case when is_delivered then 1 else 0 end) as bigint) as delivered_messages,
    cast(sum(case when is_clicked then 1 else 0 end) as bigint) as clicked_messages
from messages
group by sent_date, department, purpose
