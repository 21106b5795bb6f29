with invoices as (
    {{ raw_current('mapped', 'invoices') }}
)

select
    source_system,
    source_invoice_id,
    source_record_id,
    coalesce(purpose, 'other') as purpose,
    status,
    issued_at,
    due_at,
    paid_at,
    total_minor,
    paid_minor,
    upper(coalesce(currency_code, '{{ var("currency") }}')) as currency_code,
    _first_known_at as known_at
from invoices
