-- An invoice does not say when it was paid: the last payment set against it does. What it is for is
-- not told yet: items lie in its lines.
with invoice as (
    {{ raw_current('quickbooks', 'invoice') }}
),

settlements as (
    select * from {{ ref('base_quickbooks__settlements') }}
),

settled as (
    select
        invoice_id,
        max(txn_date) as paid_on
    from settlements
    group by invoice_id
),

invoices as (
    select
        invoice.*,
        upper(coalesce(invoice.currency_code, '{{ var("currency") }}')) as currency,
        settled.paid_on,
        case
            when invoice.voided then 'void'
            when invoice.balance = 0 then 'paid'
            else 'open'
        end as state
    from invoice
    left join settled on invoice.id = settled.invoice_id
)

select
    id as source_invoice_id,
    customer_id as source_record_id,
    'other' as purpose,
    state as status,
    {{ day_start_utc('txn_date') }} as issued_at,
    {{ day_start_utc('due_date') }} as due_at,
    case when state = 'paid' then {{ day_start_utc('paid_on') }} end as paid_at,
    {{ to_minor('total_amt', 'currency') }} as total_minor,
    {{ to_minor('(total_amt - balance)', 'currency') }} as paid_minor,
    currency as currency_code,
    _first_known_at as known_at
from invoices
