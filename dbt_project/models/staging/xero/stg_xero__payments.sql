-- Money in: payments of invoices, overpayments and prepayments. Money out: those, and credit notes,
-- paid back. Setting a credit against an invoice moves no money and is no payment in Xero either.
with payment as (
    {{ raw_current('xero', 'payment') }}
),

documents as (
    select * from {{ ref('base_xero__documents') }}
),

movements as (
    select
        payment.payment_id as source_payment_id,
        case when documents.kind = 'invoice' then 'payment' else 'refund' end as kind,
        documents.contact_id as source_record_id,
        case when documents.kind = 'invoice' then documents.document_id end as source_invoice_id,
        case when documents.kind in ('overpayment', 'prepayment') then documents.document_id end as parent_payment_id,
        case when documents.kind = 'invoice' then payment.amount else -payment.amount end as amount,
        documents.currency_code,
        payment.{{ adapter.quote('date') }} as paid_on,
        payment._first_known_at as known_at
    from payment
    inner join documents
        on coalesce(payment.invoice_id, payment.credit_note_id, payment.overpayment_id, payment.prepayment_id)
        = documents.document_id
    where payment.status = 'AUTHORISED'
    union all
    select
        document_id as source_payment_id,
        'payment' as kind,
        contact_id as source_record_id,
        cast(null as varchar) as source_invoice_id,
        cast(null as varchar) as parent_payment_id,
        total as amount,
        currency_code,
        document_date as paid_on,
        known_at
    from documents
    where kind in ('overpayment', 'prepayment') and status in ('AUTHORISED', 'PAID')
)

select
    source_payment_id,
    kind,
    source_record_id,
    source_invoice_id,
    parent_payment_id,
    {{ to_minor('amount', 'currency_code') }} as amount_minor,
    cast(null as bigint) as attempted_minor,
    upper(currency_code) as currency_code,
    {{ day_start_utc('paid_on') }} as occurred_at,
    cast(null as varchar) as method,
    'other' as purpose,
    known_at
from movements
