with invoice as (
    {{ raw_current('xero', 'invoice') }}
),

credit_note as (
    {{ raw_current('xero', 'credit_note') }}
),

overpayment as (
    {{ raw_current('xero', 'overpayment') }}
),

prepayment as (
    {{ raw_current('xero', 'prepayment') }}
)

select
    invoice_id as document_id,
    'invoice' as kind,
    contact_id,
    currency_code,
    status,
    total,
    {{ adapter.quote('date') }} as document_date,
    _first_known_at as known_at
from invoice
where type = 'ACCREC'
union all
select
    credit_note_id as document_id,
    'credit_note' as kind,
    contact_id,
    currency_code,
    status,
    total,
    {{ adapter.quote('date') }} as document_date,
    _first_known_at as known_at
from credit_note
where type = 'ACCRECCREDIT'
union all
select
    overpayment_id as document_id,
    'overpayment' as kind,
    contact_id,
    currency_code,
    status,
    total,
    {{ adapter.quote('date') }} as document_date,
    _first_known_at as known_at
from overpayment
where type in ('RECEIVE-OVERPAYMENT', 'AROVERPAYMENT')
union all
select
    prepayment_id as document_id,
    'prepayment' as kind,
    contact_id,
    currency_code,
    status,
    total,
    {{ adapter.quote('date') }} as document_date,
    _first_known_at as known_at
from prepayment
where type in ('RECEIVE-PREPAYMENT', 'ARPREPAYMENT')
