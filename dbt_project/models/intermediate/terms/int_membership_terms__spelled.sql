-- One row per paid term, with the unbroken membership (spell) it belongs to and its neighbours.
with terms as (

    select * from {{ ref('int_membership_terms') }}

),

neighboured as (

    select
        *,
        max(effective_end_date) over (
            partition by member_key, is_test
            order by term_number
            rows between unbounded preceding and 1 preceding
        ) as covered_until_date,
        lag(term_id) over member_terms as prev_term_id,
        lag(resigned_date) over member_terms as prev_resigned_date,
        lag(grace_days) over member_terms as prev_grace_days,
        lag(reinstate_days) over member_terms as prev_reinstate_days,
        lead(term_id) over member_terms as next_term_id,
        lead(plan_code) over member_terms as next_plan_code,
        lead(start_date) over member_terms as next_start_date,
        lead(committed_date) over member_terms as next_committed_date
    from terms
    window member_terms as (partition by member_key, is_test order by term_number)

),

gapped as (

    select
        *,
        case
            when covered_until_date is not null
                then cast({{ days_between('covered_until_date', 'start_date') }} - 1 as integer)
        end as gap_days
    from neighboured

),

opened as (

    select
        *,
        case
            when gap_days is null then 'join'
            when gap_days > prev_reinstate_days then 'rejoin'
            when gap_days > prev_grace_days then 'reinstatement'
            -- whoever resigned and comes back has come back, however short the gap
            when start_date >= prev_resigned_date then 'reinstatement'
        end as opens_spell_kind
    from gapped

),

counted as (

    select
        *,
        cast(sum(case when opens_spell_kind is not null then 1 else 0 end) over (
            partition by member_key, is_test
            order by term_number
            rows between unbounded preceding and current row
        ) as integer) as spell_no
    from opened

)

select
    term_id,
    member_key,
    source_system,
    source_term_id,
    source_membership_id,
    plan_code,
    plan_name,
    renewal_model,
    currency_code,
    term_evidence,
    prev_term_id,
    next_term_id,
    next_plan_code,
    max(opens_spell_kind) over (
        partition by member_key, is_test, spell_no
    ) as spell_kind,
    term_number,
    end_rank,
    spell_no,
    lead(spell_no) over (partition by member_key, is_test order by term_number) as next_spell_no,
    gap_days,
    grace_days,
    reinstate_days,
    amount_minor,
    is_rate_excluded,
    is_auto_renew,
    is_test,
    start_date,
    end_date,
    effective_end_date,
    committed_date,
    resigned_date,
    next_start_date,
    next_committed_date,
    covered_until_date,
    min(start_date) over (
        partition by member_key, is_test, spell_no
    ) as spell_start_date,
    known_at
from counted
