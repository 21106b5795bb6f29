with membership_terms as (
    {{ raw_current('filedrop', 'membership_terms') }}
)

select
    source_term_id,
    source_membership_id,
    source_record_id,
    source_plan_id,
    start_date,
    end_date,
    committed_date,
    resigned_date,
    is_auto_renew,
    amount_minor,
    currency_code,
    term_evidence,
    is_test,
    _first_known_at as known_at
from membership_terms
