-- One row per person who ever joined: on which day of the membership each milestone was reached.
with joins as (

    select * from {{ ref('int_first_joins') }}

),

touchpoints as (

    select * from {{ ref('fct_touchpoint') }}

),

messages as (

    select * from {{ ref('conformed__messages') }}
    where purpose = 'welcome' and sent_at is not null and bounced_at is null

),

identity as (

    select * from {{ ref('int_identity__current') }}

),

steps as (

    select
        identity.member_key,
        'welcome_delivered' as milestone,
        {{ local_date('messages.sent_at') }} as step_date
    from messages
    inner join identity
        on
            messages.source_system = identity.source_system
            and messages.source_record_id = identity.source_record_id
    union all
    select
        member_key,
        'first_contact' as milestone,
        touch_date as step_date
    from touchpoints
    where is_member_initiated and is_meaningful and activity <> 'membership_application'
    union all
    select
        member_key,
        'first_value' as milestone,
        touch_date as step_date
    from touchpoints
    where is_value_event

),

counted as (

    select
        joins.member_key,
        steps.milestone,
        {{ days_between('joins.join_date', 'steps.step_date') }} as day_no
    from joins
    inner join steps on joins.member_key = steps.member_key
    where steps.step_date <= {{ as_of_date() }}

),

reached as (

    select
        member_key,
        {%- for milestone in ['welcome_delivered', 'first_contact', 'first_value'] %}
        min(case when milestone = '{{ milestone }}' and day_no >= 0 then day_no end)
            as {{ milestone }}_day,
        {%- endfor %}
        max(case
            when milestone = 'first_value' and day_no between -{{ var('value_before_join_days') }} and -1
                then 1
            else 0
        end) as has_value_before_join
    from counted
    group by member_key

)

select
    joins.member_key,
    joins.observed_days,
    reached.welcome_delivered_day,
    reached.first_contact_day,
    case when reached.has_value_before_join = 1 then 0 else reached.first_value_day end
        as first_value_day,
    coalesce(reached.has_value_before_join, 0) as has_value_before_join,
    joins.is_observed_90d,
    joins.is_touched_90d,
    joins.join_date
from joins
left join reached on joins.member_key = reached.member_key
