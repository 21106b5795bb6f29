-- Collections, failed attempts, chargebacks and refunds as signed movements. A payment that failed
-- after it was confirmed is no payment any more, and a cancelled chargeback never was one.
with payments as (
    select * from {{ ref('base_gocardless__payments') }}
),

event as (
    {{ raw_current('gocardless', 'event') }}
),

refund as (
    {{ raw_current('gocardless', 'refund') }}
),

movements as (
    select
        payment_id as source_payment_id,
        'payment' as kind,
        payment_id,
        cast(null as varchar) as parent_payment_id,
        amount_minor,
        cast(null as bigint) as attempted_minor,
        currency_code,
        charged_at as occurred_at,
        collected_known_at as known_at
    from payments
    where status in ('confirmed', 'paid_out', 'charged_back')
    union all
    select
        {{ dbt.concat(['payment_id', "'-C'"]) }} as source_payment_id,
        'chargeback' as kind,
        payment_id,
        payment_id as parent_payment_id,
        -amount_minor as amount_minor,
        cast(null as bigint) as attempted_minor,
        currency_code,
        coalesce(charged_back_at, charged_at) as occurred_at,
        charged_back_known_at as known_at
    from payments
    where status = 'charged_back'
    union all
    select
        event.id as source_payment_id,
        'failed_charge' as kind,
        payments.payment_id,
        cast(null as varchar) as parent_payment_id,
        0 as amount_minor,
        payments.amount_minor as attempted_minor,
        payments.currency_code,
        event.created_at as occurred_at,
        event._first_known_at as known_at
    from event
    inner join payments on event.payment = payments.payment_id
    where event.resource_type = 'payments' and event.action = 'failed'
    union all
    -- Failed so long ago that its event is no longer kept.
    select
        {{ dbt.concat(['payment_id', "'-F'"]) }} as source_payment_id,
        'failed_charge' as kind,
        payment_id,
        cast(null as varchar) as parent_payment_id,
        0 as amount_minor,
        amount_minor as attempted_minor,
        currency_code,
        charged_at as occurred_at,
        state_known_at as known_at
    from payments
    where status = 'failed' and failures = 0
    union all
    -- Refunds of years ago carry no status.
    select
        id as source_payment_id,
        'refund' as kind,
        payment as payment_id,
        payment as parent_payment_id,
        -amount as amount_minor,
        cast(null as bigint) as attempted_minor,
        upper(currency) as currency_code,
        created_at as occurred_at,
        _first_known_at as known_at
    from refund
    where coalesce(status, 'paid') = 'paid'
)

select
    movements.source_payment_id,
    movements.kind,
    payments.customer_id as source_record_id,
    cast(null as varchar) as source_invoice_id,
    movements.parent_payment_id,
    movements.amount_minor,
    movements.attempted_minor,
    movements.currency_code,
    movements.occurred_at,
    coalesce(payments.method, 'direct_debit') as method,
    coalesce(payments.purpose, 'other') as purpose,
    movements.known_at
from movements
left join payments on movements.payment_id = payments.payment_id
