-- A message sent is one row of fct_message and one touchpoint: none is lost, none counts twice.
with messages as (
    select
        source_system,
        count(*) as messages
    from {{ ref('fct_message') }}
    group by source_system
),

sent as (
    select
        source_system,
        count(*) as messages
    from {{ ref('conformed__messages') }}
    where sent_at <= {{ as_of_timestamp() }}
    group by source_system
),

touched as (
    select
        messages.source_system,
        count(*) as messages
    from {{ ref('fct_message') }} as messages
    inner join {{ ref('fct_touchpoint') }} as touchpoints
        on messages.touchpoint_id = touchpoints.touchpoint_id
    group by messages.source_system
)

select
    sent.source_system,
    sent.messages as sent_messages,
    coalesce(messages.messages, 0) as fact_messages,
    coalesce(touched.messages, 0) as touched_messages
from sent
left join messages on sent.source_system = messages.source_system
left join touched on sent.source_system = touched.source_system
where
    sent.messages <> coalesce(messages.messages, 0)
    or sent.messages <> coalesce(touched.messages, 0)
