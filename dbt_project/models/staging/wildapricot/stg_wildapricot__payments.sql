-- A payment may settle several invoices and a refund may come out of several payments: only where it is
-- one, it is named.
with payment as (
    {{ raw_current('wildapricot', 'payment') }}
),

refund as (
    {{ raw_current('wildapricot', 'refund') }}
),

allocation as (
    {{ raw_current('wildapricot', 'payment_allocation') }}
),

invoices as (
    select * from {{ ref('base_wildapricot__invoices') }}
),

currency as (
    select * from {{ ref('base_wildapricot__currency') }}
),

settles as (
    select
        allocation.payment_id,
        case when min(invoices.id) = max(invoices.id) then min(invoices.id) end as invoice_id,
        case when min(invoices.purpose) = max(invoices.purpose) then min(invoices.purpose) else 'other' end as purpose
    from allocation
    inner join invoices on allocation.invoice_id = invoices.id
    group by allocation.payment_id
),

received as (
    select
        payment.*,
        settles.invoice_id,
        case when payment.type = 'DonationPayment' then 'donation' else coalesce(settles.purpose, 'other') end
            as purpose
    from payment
    left join settles on payment.id = settles.payment_id
),

taken_from as (
    select
        allocation.refund_id,
        case when min(received.id) = max(received.id) then min(received.id) end as payment_id,
        case when min(received.purpose) = max(received.purpose) then min(received.purpose) else 'other' end as purpose
    from allocation
    inner join received on allocation.payment_id = received.id
    where allocation.refund_id is not null
    group by allocation.refund_id
),

movements as (
    select
        {{ dbt.concat(["'P-'", 'cast(id as varchar)']) }} as source_payment_id,
        'payment' as kind,
        contact_id,
        cast(invoice_id as varchar) as source_invoice_id,
        cast(null as varchar) as parent_payment_id,
        value as signed_amount,
        coalesce(document_date, created_at) as occurred_at,
        tender,
        purpose,
        _first_known_at as known_at
    from received
    union all
    select
        {{ dbt.concat(["'R-'", 'cast(refund.id as varchar)']) }} as source_payment_id,
        'refund' as kind,
        refund.contact_id,
        cast(null as varchar) as source_invoice_id,
        {{ dbt.concat(["'P-'", 'cast(taken_from.payment_id as varchar)']) }} as parent_payment_id,
        -refund.value as signed_amount,
        coalesce(refund.document_date, refund.created_at) as occurred_at,
        refund.tender,
        coalesce(taken_from.purpose, 'other') as purpose,
        refund._first_known_at as known_at
    from refund
    left join taken_from on refund.id = taken_from.refund_id
)

select
    movements.source_payment_id,
    movements.kind,
    cast(movements.contact_id as varchar) as source_record_id,
    movements.source_invoice_id,
    movements.parent_payment_id,
    {{ to_minor('movements.signed_amount', 'currency.currency_code') }} as amount_minor,
    cast(null as bigint) as attempted_minor,
    currency.currency_code,
    movements.occurred_at,
    movements.tender as method,
    movements.purpose,
    movements.known_at
from movements
cross join currency
