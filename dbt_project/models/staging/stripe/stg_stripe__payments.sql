-- Charges, refunds and disputes as signed movements. A dispute takes the money at once; one that was
-- won gave it back, and an inquiry (`warning_…`) never took it.
with charge as (
    {{ raw_current('stripe', 'charge') }}
),

refund as (
    {{ raw_current('stripe', 'refund') }}
),

dispute as (
    {{ raw_current('stripe', 'dispute') }}
),

invoices as (
    select * from {{ ref('base_stripe__invoices') }}
),

movements as (
    select
        id as source_payment_id,
        case when status = 'failed' then 'failed_charge' else 'payment' end as kind,
        id as charge_id,
        cast(null as varchar) as parent_payment_id,
        case when status = 'failed' then 0 else amount end as amount_minor,
        case when status = 'failed' then amount end as attempted_minor,
        currency,
        created as occurred_at,
        _first_known_at as known_at
    from charge
    where status in ('succeeded', 'failed')
    union all
    select
        id as source_payment_id,
        'refund' as kind,
        charge as charge_id,
        charge as parent_payment_id,
        -amount as amount_minor,
        cast(null as bigint) as attempted_minor,
        currency,
        created as occurred_at,
        _first_known_at as known_at
    from refund
    where status = 'succeeded'
    union all
    select
        id as source_payment_id,
        'chargeback' as kind,
        charge as charge_id,
        charge as parent_payment_id,
        case when status in ('won', 'prevented') or status like 'warning%' then 0 else -amount end as amount_minor,
        cast(null as bigint) as attempted_minor,
        currency,
        created as occurred_at,
        _first_known_at as known_at
    from dispute
)

select
    movements.source_payment_id,
    movements.kind,
    coalesce(charge.customer, invoices.customer_id) as source_record_id,
    charge.invoice as source_invoice_id,
    movements.parent_payment_id,
    movements.amount_minor,
    movements.attempted_minor,
    upper(movements.currency) as currency_code,
    movements.occurred_at,
    'card' as method,
    coalesce(invoices.purpose, 'other') as purpose,
    movements.known_at
from movements
left join charge on movements.charge_id = charge.id
left join invoices on charge.invoice = invoices.invoice_id
