with invoices as (
    select * from {{ ref('base_stripe__invoices') }}
)

select
    invoice_id as source_invoice_id,
    customer_id as source_record_id,
    purpose,
    status,
    issued_at,
    due_at,
    paid_at,
    total_minor,
    paid_minor,
    currency_code,
    known_at
from invoices
