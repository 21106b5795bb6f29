with invoices as (
    select * from {{ ref('base_wildapricot__invoices') }}
),

allocation as (
    {{ raw_current('wildapricot', 'payment_allocation') }}
),

payment as (
    {{ raw_current('wildapricot', 'payment') }}
),

settled as (
    select
        allocation.invoice_id,
        max(payment.document_date) as last_paid_at
    from allocation
    inner join payment on allocation.payment_id = payment.id
    group by allocation.invoice_id
),

currency as (
    select * from {{ ref('base_wildapricot__currency') }}
)

select
    cast(invoices.id as varchar) as source_invoice_id,
    cast(invoices.contact_id as varchar) as source_record_id,
    invoices.purpose,
    case
        when invoices.voided_at is not null then 'void'
        when invoices.is_paid then 'paid'
        else 'open'
    end as status,
    coalesce(invoices.document_date, invoices.created_at) as issued_at,
    cast(null as timestamp) as due_at,
    case when invoices.is_paid then settled.last_paid_at end as paid_at,
    {{ to_minor('invoices.value', 'currency.currency_code') }} as total_minor,
    {{ to_minor('invoices.paid_amount', 'currency.currency_code') }} as paid_minor,
    currency.currency_code,
    invoices._first_known_at as known_at
from invoices
cross join currency
left join settled on invoices.id = settled.invoice_id
