-- Numbers are unique per kind of transaction only, so each carries its kind. A payment of nothing
-- sets a credit against an invoice and moves no money; a voided transaction never happened.
with payment as (
    {{ raw_current('quickbooks', 'payment') }}
),

sales_receipt as (
    {{ raw_current('quickbooks', 'sales_receipt') }}
),

refund_receipt as (
    {{ raw_current('quickbooks', 'refund_receipt') }}
),

settlements as (
    select * from {{ ref('base_quickbooks__settlements') }}
),

-- The one invoice of a payment; of several, none can stand for the amount.
single as (
    select
        payment_id,
        min(invoice_id) as invoice_id
    from settlements
    group by payment_id
    having count(*) = 1
),

movements as (
    select
        concat('payment-', payment.id) as source_payment_id,
        'payment' as kind,
        payment.customer_id,
        single.invoice_id,
        payment.total_amt as amount,
        payment.currency_code,
        payment.txn_date,
        payment.payment_method,
        payment._first_known_at as known_at
    from payment
    left join single on payment.id = single.payment_id
    where payment.total_amt <> 0 and not coalesce(payment.voided, false)
    union all
    select
        concat('sales-receipt-', id) as source_payment_id,
        'payment' as kind,
        customer_id,
        cast(null as varchar) as invoice_id,
        total_amt as amount,
        currency_code,
        txn_date,
        payment_method,
        _first_known_at as known_at
    from sales_receipt
    where total_amt <> 0 and not coalesce(voided, false)
    union all
    select
        concat('refund-receipt-', id) as source_payment_id,
        'refund' as kind,
        customer_id,
        cast(null as varchar) as invoice_id,
        -total_amt as amount,
        currency_code,
        txn_date,
        payment_method,
        _first_known_at as known_at
    from refund_receipt
    where total_amt <> 0 and not coalesce(voided, false)
),

named as (
    select
        movements.*,
        upper(coalesce(currency_code, '{{ var("currency") }}')) as currency
    from movements
)

select
    source_payment_id,
    kind,
    customer_id as source_record_id,
    invoice_id as source_invoice_id,
    cast(null as varchar) as parent_payment_id,
    {{ to_minor('amount', 'currency') }} as amount_minor,
    cast(null as bigint) as attempted_minor,
    currency as currency_code,
    {{ day_start_utc('txn_date') }} as occurred_at,
    lower(payment_method) as method,
    'other' as purpose,
    known_at
from named
