with payment as (
    {{ raw_current('quickbooks', 'payment') }}
),

payment_line as (
    {{ raw_current('quickbooks', 'payment_line') }}
)

select distinct
    payment_line.txn_id as invoice_id,
    payment.id as payment_id,
    payment.txn_date
from payment_line
inner join payment on payment_line.payment = payment.id
where payment_line.txn_type = 'Invoice' and not coalesce(payment.voided, false)
