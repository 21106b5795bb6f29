with payments as (
    {{ raw_current('mapped', 'payments') }}
)

select
    source_system,
    source_payment_id,
    coalesce(kind, 'payment') as kind,
    source_record_id,
    source_invoice_id,
    parent_payment_id,
    amount_minor,
    attempted_minor,
    upper(coalesce(currency_code, '{{ var("currency") }}')) as currency_code,
    occurred_at,
    method,
    coalesce(purpose, 'other') as purpose,
    _first_known_at as known_at
from payments
