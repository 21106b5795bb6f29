-- What an invoice is for is not told yet: items, accounts and tracking categories lie in line_items.
with invoice as (
    {{ raw_current('xero', 'invoice') }}
)

select
    invoice_id as source_invoice_id,
    contact_id as source_record_id,
    'other' as purpose,
    case
        when status in ('DRAFT', 'SUBMITTED') then 'draft'
        when status = 'PAID' then 'paid'
        when status in ('VOIDED', 'DELETED') then 'void'
        else 'open'
    end as status,
    {{ day_start_utc(adapter.quote('date')) }} as issued_at,
    {{ day_start_utc('due_date') }} as due_at,
    {{ day_start_utc('fully_paid_on_date') }} as paid_at,
    {{ to_minor('total', 'currency_code') }} as total_minor,
    {{ to_minor('amount_paid', 'currency_code') }} as paid_minor,
    upper(currency_code) as currency_code,
    _first_known_at as known_at
from invoice
where type = 'ACCREC'
