-- One row per movement of money that belongs to an invoice: how much of it the invoice takes.
-- An invoice takes no more than its total; what is paid beyond that stays unapplied.
with payments as (

    select * from {{ ref('fct_payment') }}
    where kind <> 'failed_charge'

),

invoices as (

    select * from {{ ref('conformed__invoices') }}

),

-- a refund or chargeback without an invoice of its own undoes what its payment did
linked as (

    select
        payments.*,
        coalesce(payments.source_invoice_id, undone.source_invoice_id) as invoice_id
    from payments
    left join payments as undone
        on
            payments.source_system = undone.source_system
            and payments.parent_payment_id = undone.source_payment_id

),

summed as (

    select
        linked.payment_key,
        linked.source_system,
        invoices.source_invoice_id,
        linked.kind,
        linked.currency_code,
        linked.amount_minor,
        linked.occurred_date,
        linked.occurred_at,
        linked.known_at,
        invoices.total_minor,
        sum(linked.amount_minor) over (
            partition by linked.source_system, invoices.source_invoice_id
            order by linked.occurred_at, linked.payment_key
            rows between unbounded preceding and current row
        ) as paid_to_date
    from linked
    inner join invoices
        on
            linked.source_system = invoices.source_system
            and linked.invoice_id = invoices.source_invoice_id
            and linked.currency_code = invoices.currency_code

),

taken as (

    select
        *,
        case when paid_to_date > total_minor then total_minor else paid_to_date end as taken_to_date,
        case
            when paid_to_date - amount_minor > total_minor then total_minor
            else paid_to_date - amount_minor
        end as taken_before
    from summed

)

select
    payment_key,
    {{ surrogate_key(['source_system', 'source_invoice_id']) }} as invoice_key,
    kind,
    currency_code,
    cast(taken_to_date - taken_before as bigint) as applied_minor,
    cast(amount_minor - (taken_to_date - taken_before) as bigint) as unapplied_minor,
    occurred_date,
    occurred_at,
    known_at
from taken
