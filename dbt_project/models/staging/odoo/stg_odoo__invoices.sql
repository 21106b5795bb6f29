with invoices as (
    select * from {{ ref('base_odoo__invoices') }}
)

select
    invoice_id as source_invoice_id,
    record_id as source_record_id,
    purpose,
    status,
    {{ day_start_utc('issued_on') }} as issued_at,
    {{ day_start_utc('due_on') }} as due_at,
    case when status = 'paid' then {{ day_start_utc('coalesce(paid_on, issued_on)') }} end as paid_at,
    {{ to_minor('amount_total', 'currency_code') }} as total_minor,
    {{ to_minor('amount_paid', 'currency_code') }} as paid_minor,
    currency_code,
    known_at
from invoices
