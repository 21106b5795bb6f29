-- One row per message that contradicts what the organisation knew, rule and, for invitations, event.
-- Rules: docs/DECISIONLOG.md, "Contradictions". "Two prices for one product within 14 days" is not among
-- them: no source tells the price a message names.
with found as (

    select
        rule_code,
        message_id,
        cast(null as varchar) as event_key,
        first_touchpoint_id,
        first_date
    from {{ ref('int_contradictions__membership') }}
    union all
    select
        rule_code,
        message_id,
        event_key,
        first_touchpoint_id,
        first_date
    from {{ ref('int_contradictions__events') }}
    union all
    select
        rule_code,
        message_id,
        cast(null as varchar) as event_key,
        first_touchpoint_id,
        first_date
    from {{ ref('int_contradictions__service') }}

),

messages as (

    select * from {{ ref('fct_message') }}

),

spells as (

    select * from {{ ref('fct_member_spell') }}
    where spell_no = 1

)

select
    {{ surrogate_key(['found.rule_code', 'found.message_id', 'found.event_key']) }} as contradiction_id,
    found.rule_code,
    messages.member_key,
    found.message_id,
    found.first_touchpoint_id,
    messages.touchpoint_id as second_touchpoint_id,
    found.event_key,
    messages.department,
    messages.channel,
    messages.purpose,
    messages.campaign_id,
    case
        when spells.spell_start_date is null or spells.spell_start_date > messages.sent_date then 'none'
        when {{ days_between('spells.spell_start_date', 'messages.sent_date') }} < 365 then 'new'
        when {{ days_between('spells.spell_start_date', 'messages.sent_date') }} < 1095 then 'developing'
        when {{ days_between('spells.spell_start_date', 'messages.sent_date') }} < 3650 then 'established'
        else 'legacy'
    end as tenure_band,
    cast({{ days_between('found.first_date', 'messages.sent_date') }} as integer) as days_apart,
    found.first_date,
    messages.sent_date
from found
inner join messages on found.message_id = messages.message_id
left join spells on messages.member_key = spells.member_key
