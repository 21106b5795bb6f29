-- An invoice is dues when a membership line or a recurring order stands behind it, and an event's
-- when its order sold registrations.
with invoice as (
    {{ raw_current('odoo', 'invoice') }}
),

payment as (
    {{ raw_current('odoo', 'payment') }}
),

membership_line as (
    {{ raw_current('odoo', 'membership_line') }}
),

subscription as (
    {{ raw_current('odoo', 'subscription') }}
),

partners as (
    select * from {{ ref('base_odoo__partners') }}
),

registrations as (
    select * from {{ ref('base_odoo__registrations') }}
),

last_payments as (
    select
        invoice as invoice_key,
        max(date) as paid_on
    from payment
    where payment_type = 'inbound' and state in ('posted', 'in_process', 'paid')
    group by invoice
),

memberships as (
    select distinct invoice as invoice_key from membership_line
),

recurring_orders as (
    select distinct name as order_name from subscription
),

event_orders as (
    select distinct order_name from registrations
)

select
    cast(invoice.id as varchar) as invoice_id,
    partners.record_id,
    invoice.invoice_origin as order_name,
    case
        when memberships.invoice_key is not null or recurring_orders.order_name is not null then 'dues'
        when event_orders.order_name is not null then 'event'
        else 'other'
    end as purpose,
    case
        when invoice.state = 'draft' then 'draft'
        when invoice.state = 'cancel' or invoice.payment_state = 'reversed' then 'void'
        when invoice.payment_state in ('paid', 'in_payment') then 'paid'
        else 'open'
    end as status,
    upper(coalesce(invoice.currency, '{{ var("currency") }}')) as currency_code,
    invoice.amount_total,
    case
        when invoice.state = 'posted' and coalesce(invoice.payment_state, '') <> 'reversed'
            then invoice.amount_total - coalesce(invoice.amount_residual, 0)
        else 0
    end as amount_paid,
    last_payments.paid_on,
    coalesce(invoice.invoice_date, {{ local_date('invoice.create_date') }}) as issued_on,
    invoice.invoice_date_due as due_on,
    invoice._first_known_at as known_at
from invoice
left join partners on cast(invoice.partner as varchar) = partners.partner_id
left join last_payments on invoice.id = last_payments.invoice_key
left join memberships on invoice.id = memberships.invoice_key
left join recurring_orders on invoice.invoice_origin = recurring_orders.order_name
left join event_orders on invoice.invoice_origin = event_orders.order_name
where invoice.move_type = 'out_invoice'
