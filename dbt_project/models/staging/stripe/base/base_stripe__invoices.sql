-- Invoices that a subscription makes have no purpose of their own: the subscription's holds for them.
with invoice as (
    {{ raw_current('stripe', 'invoice') }}
),

subscription as (
    {{ raw_current('stripe', 'subscription') }}
),

purposes as (
    select
        invoice.id as invoice_id,
        coalesce(
            {{ json_get('invoice.metadata', 'purpose') }},
            {{ json_get('subscription.metadata', 'purpose') }}
        ) as purpose
    from invoice
    left join subscription on invoice.subscription = subscription.id
)

select
    invoice.id as invoice_id,
    invoice.customer as customer_id,
    case
        when purposes.purpose in ('dues', 'event', 'donation') then purposes.purpose
        else 'other'
    end as purpose,
    invoice.status,
    upper(invoice.currency) as currency_code,
    invoice.total as total_minor,
    invoice.amount_paid as paid_minor,
    invoice.created as issued_at,
    invoice.due_date as due_at,
    {{ unix_to_timestamp("cast(" ~ json_get('invoice.status_transitions', 'paid_at') ~ " as bigint)") }} as paid_at,
    invoice._first_known_at as known_at
from invoice
left join purposes on invoice.id = purposes.invoice_id
