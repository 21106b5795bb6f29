with payments as (
    {{ raw_current('filedrop', 'payments') }}
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
    _first_known_at as known_at
from payments
