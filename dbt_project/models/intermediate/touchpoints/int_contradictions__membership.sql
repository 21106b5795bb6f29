-- One row per message that contradicts the member's terms, and rule.
-- A term counts from the day after it was committed: on the day itself nobody knows what came first.
with messages as (

    select * from {{ ref('fct_message') }}
    where
        member_key is not null
        and (
            {{ has_purpose('purpose', 'renewal_notice') }}
            or {{ has_purpose('purpose', 'win_back') }}
            or {{ has_purpose('purpose', 'welcome') }}
        )

),

terms as (

    select
        *,
        coalesce(effective_end_date, {{ forever() }}) as last_date
    from {{ ref('fct_membership_term') }}
    where not is_test

),

commitments as (

    select
        member_key,
        touch_date,
        min(touchpoint_id) as touchpoint_id
    from {{ ref('fct_touchpoint') }}
    where activity in ('membership_joined', 'membership_renewed')
    group by member_key, touch_date

),

-- paid lately, and nothing is due for longer than the renewal window
renewed as (

    select
        'renewal_notice_after_payment' as rule_code,
        messages.message_id,
        terms.member_key,
        terms.committed_date as first_date,
        terms.term_number
    from messages
    inner join terms on messages.member_key = terms.member_key
    where
        {{ has_purpose('messages.purpose', 'renewal_notice') }}
        and terms.renewal_model <> 'continuous'
        and terms.committed_date < messages.sent_date
        and terms.committed_date >= {{ add_days('messages.sent_date', 0 - var('renewal_window_days')) }}
        and terms.last_date > {{ add_days('messages.sent_date', var('renewal_window_days')) }}

),

active as (

    select
        'win_back_to_member' as rule_code,
        messages.message_id,
        terms.member_key,
        terms.committed_date as first_date,
        terms.term_number
    from messages
    inner join terms on messages.member_key = terms.member_key
    where
        {{ has_purpose('messages.purpose', 'win_back') }}
        and terms.committed_date < messages.sent_date
        and terms.start_date <= messages.sent_date
        and terms.last_date >= messages.sent_date

),

rejoined as (

    select
        'welcome_as_new_to_rejoiner' as rule_code,
        messages.message_id,
        terms.member_key,
        terms.committed_date as first_date,
        terms.term_number
    from messages
    inner join terms on messages.member_key = terms.member_key
    where
        {{ has_purpose('messages.purpose', 'welcome') }}
        and terms.spell_kind = 'rejoin'
        and terms.start_date = terms.spell_start_date
        and messages.sent_date >= terms.spell_start_date
        and messages.sent_date < {{ add_days('terms.spell_start_date', var('onboarding_days')) }}

),

found as (

    select * from renewed
    union all
    select * from active
    union all
    select * from rejoined

),

ranked as (

    select
        *,
        row_number() over (
            partition by rule_code, message_id
            order by first_date desc, term_number desc
        ) as from_last
    from found

)

select
    ranked.rule_code,
    ranked.message_id,
    commitments.touchpoint_id as first_touchpoint_id,
    ranked.first_date
from ranked
left join commitments
    on
        ranked.member_key = commitments.member_key
        and ranked.first_date = commitments.touch_date
where ranked.from_last = 1
