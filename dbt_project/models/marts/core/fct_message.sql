-- One row per message sent to one person record, up to the as-of day.
with messages as (
    select
        source_system,
        source_message_id,
        source_record_id,
        campaign_id,
        campaign_name,
        purpose,
        department,
        channel,
        bounce_kind,
        {{ sent_activity('channel') }} as activity,
        sent_at,
        {%- for step in ['first_opened_at', 'first_clicked_at', 'bounced_at', 'unsubscribed_at'] %}
        case when {{ step }} <= {{ as_of_timestamp() }} then {{ step }} end as {{ step }},
        {%- endfor %}
        known_at
    from {{ ref('conformed__messages') }}
    where sent_at <= {{ as_of_timestamp() }}
),

activities as (
    select * from {{ ref('dim_activity') }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
)

select
    {{ surrogate_key(['messages.source_system', 'messages.source_message_id']) }} as message_id,
    {{ touchpoint_id(
        'messages.source_system', 'messages.activity', 'messages.source_message_id', 'messages.source_record_id'
    ) }} as touchpoint_id,
    current_map.member_key,
    messages.source_system,
    messages.source_message_id,
    messages.campaign_id,
    messages.campaign_name,
    messages.channel,
    coalesce(messages.department, activities.department) as department,
    coalesce(messages.purpose, 'unknown') as purpose,
    not {{ has_purpose('messages.purpose', 'transactional') }} as is_promotional,
    messages.bounced_at is null as is_delivered,
    messages.first_opened_at is not null as is_opened,
    messages.first_clicked_at is not null
    and not coalesce({{ is_machine_click('messages.sent_at', 'messages.first_clicked_at') }}, false) as is_clicked,
    {{ is_machine_click('messages.sent_at', 'messages.first_clicked_at') }} as is_machine_click,
    messages.bounced_at is not null as is_bounced,
    messages.bounce_kind,
    messages.unsubscribed_at is not null as is_unsubscribed,
    {{ local_date('messages.sent_at') }} as sent_date,
    messages.sent_at,
    messages.first_opened_at,
    messages.first_clicked_at,
    messages.bounced_at,
    messages.unsubscribed_at,
    messages.known_at
from messages
inner join activities on messages.activity = activities.activity
left join current_map
    on
        messages.source_system = current_map.source_system
        and messages.source_record_id = current_map.source_record_id
