-- One row per person and scored day on which the person is a member: the raw score and the groups
-- of peers it could be compared with, from the narrowest to everybody.
with days as (

    select * from {{ ref('int_engagement__days') }}
    where is_scored

),

states as (

    select * from {{ ref('fct_member_state_history') }}
    where stage in (
        'onboarding', 'engaged', 'advocate', 'dormant', 'paused', 'renewal_due', 'grace'
    )

),

raws as (

    select * from {{ ref('int_engagement__raw') }}

),

touchpoints as (

    select * from {{ ref('fct_touchpoint') }}

),

-- from the first contact by e-mail or online on, a person has the chance to click
online as (

    select
        member_key,
        min(touch_date) as online_since_date
    from touchpoints
    where
        channel in ('email', 'online')
        and not is_negative
    group by member_key

),

members as (

    select
        states.member_key,
        states.plan_code,
        states.tenure_band,
        days.measured_on_date,
        coalesce(online.online_since_date <= days.measured_on_date, false) as is_online
    from days
    inner join states
        on
            days.measured_on_date >= states.valid_from
            and (days.measured_on_date < states.valid_to or states.valid_to is null)
    left join online on states.member_key = online.member_key

)

select
    members.member_key,
    coalesce(raws.raw, 0) as raw,
    '(all members)' as peers_of_all,
    members.plan_code as peers_of_plan,
    {{ dbt.concat(['members.plan_code', "' / '", 'members.tenure_band']) }} as peers_of_tenure,
    {{ dbt.concat([
        'members.plan_code', "' / '", 'members.tenure_band',
        "case when members.is_online then ' / online' else ' / offline' end"
    ]) }} as peers_of_channel,
    members.measured_on_date
from members
left join raws
    on
        members.member_key = raws.member_key
        and members.measured_on_date = raws.measured_on_date
