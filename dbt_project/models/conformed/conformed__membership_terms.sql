with unioned as (
    {{ union_staged('membership_terms') }}
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
    source_system,
    known_at
from unioned
