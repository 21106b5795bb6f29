with membership_terms as (
    {{ raw_current('mapped', 'membership_terms') }}
)

select
    source_system,
    source_term_id,
    coalesce(source_membership_id, source_term_id) as source_membership_id,
    source_record_id,
    source_plan_id,
    start_date,
    end_date,
    coalesce(committed_date, start_date) as committed_date,
    resigned_date,
    coalesce(is_auto_renew, false) as is_auto_renew,
    amount_minor,
    upper(coalesce(currency_code, '{{ var("currency") }}')) as currency_code,
    coalesce(term_evidence, 'declared') as term_evidence,
    false as is_test,
    _first_known_at as known_at
from membership_terms
where not coalesce(is_test, false)
