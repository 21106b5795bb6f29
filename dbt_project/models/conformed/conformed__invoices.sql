with unioned as (
    {{ union_staged('invoices') }}
)

select
    source_invoice_id,
    source_record_id,
    purpose,
    status,
    issued_at,
    due_at,
    paid_at,
    total_minor,
    paid_minor,
    currency_code,
    source_system,
    known_at
from unioned
