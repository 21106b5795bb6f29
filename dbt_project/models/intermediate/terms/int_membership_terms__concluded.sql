-- One row per paid term with how it ended: was it renewed, when, and if not, what kind of exit.
-- Definitions: docs/DECISIONLOG.md, "Renewal" and "Exit type".
with terms as (

    select * from {{ ref('int_membership_terms__spelled') }}

),

members as (

    select * from {{ ref('dim_member') }}
    where is_current

),

paid as (

    select * from {{ ref('int_membership_terms__paid') }}

),

pauses as (

    select * from {{ ref('int_stage_windows') }}
    where window_kind = 'pause'

),

paused_terms as (

    select distinct terms.term_id
    from terms
    inner join pauses
        on
            terms.member_key = pauses.member_key
            and terms.end_date >= pauses.opens_on
            and terms.end_date < pauses.closes_on

),

flagged as (

    select
        terms.*,
        members.deceased_on,
        {{ add_days('terms.end_date', 'terms.grace_days') }} as grace_end_date,
        {{ add_days('terms.effective_end_date', 'terms.grace_days') }} as last_grace_date,
        coalesce(paid.is_renewal_reversed, false) as is_renewal_reversed,
        paused_terms.term_id is not null as is_paused_at_end,
        coalesce(paid.has_failed_charge, false) as has_failed_charge
    from terms
    left join members on terms.member_key = members.member_key
    left join paid on terms.term_id = paid.term_id
    left join paused_terms on terms.term_id = paused_terms.term_id

)

select
    term_id,
    member_key,
    source_system,
    source_term_id,
    plan_code,
    plan_name,
    renewal_model,
    currency_code,
    term_evidence,
    prev_term_id,
    next_term_id,
    spell_kind,
    term_number,
    end_rank,
    spell_no,
    gap_days,
    grace_days,
    is_auto_renew,
    is_renewal_reversed,
    is_test,
    start_date,
    end_date,
    effective_end_date,
    grace_end_date,
    covered_until_date,
    committed_date,
    resigned_date,
    next_start_date,
    next_committed_date,
    spell_start_date,
    deceased_on,
    known_at,
    case
        when is_test then 'test'
        when is_rate_excluded or renewal_model = 'lifetime' then 'not_renewable'
        when renewal_model not in ('fixed', 'anniversary') then 'continuous_dues'
        when deceased_on <= grace_end_date then 'holder_died'
        when next_start_date <= end_date and next_plan_code <> plan_code then 'superseded'
        when is_paused_at_end then 'paused'
    end as exclusion_reason,
    case
        when end_date is null then 'open'
        when
            next_committed_date <= {{ add_days('end_date', 'reinstate_days') }}
            and next_start_date <= {{ add_days('end_date', 'reinstate_days + 1') }}
            and not is_renewal_reversed
            then case
                when next_start_date > {{ add_days('grace_end_date', 1) }} then 'renewed_late'
                when next_committed_date <= {{ add_days(
                    'end_date', 0 - var('renewal_window_days')
                ) }} then 'renewed_early'
                when next_committed_date <= end_date then 'renewed_on_time'
                when next_committed_date <= grace_end_date then 'renewed_in_grace'
                else 'renewed_late'
            end
        when {{ as_of_date() }} <= grace_end_date and resigned_date is null then 'open'
        else 'not_renewed'
    end as outcome,
    case
        when deceased_on <= last_grace_date and {{ as_of_date() }} >= deceased_on then 'natural'
        when next_spell_no = spell_no then null
        when resigned_date is not null then 'resign'
        when {{ as_of_date() }} <= last_grace_date then null
        when renewal_model = 'continuous' or has_failed_charge then 'involuntary'
        else 'lapse'
    end as exit_type
from flagged
