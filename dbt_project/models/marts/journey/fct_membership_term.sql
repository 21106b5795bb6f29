-- One row per paid term of a person.
with terms as (

    select * from {{ ref('int_membership_terms__concluded') }}

)

select
    term_id,
    member_key,
    source_system,
    source_term_id,
    plan_code,
    renewal_model,
    currency_code,
    term_evidence,
    prev_term_id,
    next_term_id,
    spell_kind,
    outcome,
    exit_type,
    exclusion_reason,
    term_number,
    spell_no,
    gap_days,
    grace_days,
    is_auto_renew,
    is_renewal_reversed,
    is_test,
    start_date,
    end_date,
    case when effective_end_date < {{ forever() }} then effective_end_date end
        as effective_end_date,
    grace_end_date,
    committed_date,
    resigned_date,
    next_start_date,
    next_committed_date,
    spell_start_date,
    case
        when exit_type = 'natural' then deceased_on
        when exit_type is not null then {{ add_days('effective_end_date', 1) }}
    end as exit_date,
    known_at
from terms
