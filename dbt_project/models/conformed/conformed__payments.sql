with unioned as (
    {{ union_staged('payments') }}
)

select
    source_payment_id,
    kind,
    source_record_id,
    source_invoice_id,
    parent_payment_id,
    amount_minor,
    attempted_minor,
    currency_code,
    occurred_at,
    method,
    purpose,
    source_system,
    known_at
from unioned
