-- One row per message that ignores what happened to the person, and rule: a check-in in the week before,
-- an open case that forbids asking for money, death.
with messages as (

    select * from {{ ref('fct_message') }}
    where member_key is not null

),

check_ins as (

    select * from {{ ref('fct_touchpoint') }}
    where activity = 'event_attended'

),

cases as (

    select * from {{ ref('fct_case') }}
    where
        1 = 0
        {%- for word in var('sensitive_case_words') %}
        or lower(case_type) like '%{{ word }}%'
        {%- endfor %}

),

case_times as (

    select * from {{ ref('fct_case_status_interval') }}
    where status = 'open'

),

members as (

    select * from {{ ref('dim_member') }}
    where is_current and deceased_on is not null

),

missed as (

    select
        'miss_you_after_check_in' as rule_code,
        messages.message_id,
        check_ins.touchpoint_id as first_touchpoint_id,
        check_ins.occurred_at as first_at,
        check_ins.touch_date as first_date
    from messages
    inner join check_ins on messages.member_key = check_ins.member_key
    where
        {{ has_purpose('messages.purpose', 'miss_you') }}
        and check_ins.occurred_at <= messages.sent_at
        and check_ins.touch_date >= {{ add_days('messages.sent_date', -7) }}

),

pressed as (

    select
        'dues_reminder_in_sensitive_case' as rule_code,
        messages.message_id,
        cases.touchpoint_id as first_touchpoint_id,
        cases.received_at as first_at,
        cases.received_date as first_date
    from messages
    inner join cases on messages.member_key = cases.member_key
    inner join case_times on cases.case_key = case_times.case_key
    where
        {{ has_purpose('messages.purpose', 'dues_reminder') }}
        and case_times.valid_from <= messages.sent_at
        and (case_times.valid_to is null or case_times.valid_to > messages.sent_at)

),

mourned as (

    select
        'message_to_deceased' as rule_code,
        messages.message_id,
        cast(null as varchar) as first_touchpoint_id,
        cast(members.deceased_on as timestamp) as first_at,
        members.deceased_on as first_date
    from messages
    inner join members on messages.member_key = members.member_key
    where members.deceased_on < messages.sent_date

),

found as (

    select * from missed
    union all
    select * from pressed
    union all
    select * from mourned

),

ranked as (

    select
        *,
        row_number() over (
            partition by rule_code, message_id
            order by first_at desc, first_touchpoint_id
        ) as from_last
    from found

)

select
    rule_code,
    message_id,
    first_touchpoint_id,
    first_date
from ranked
where from_last = 1
