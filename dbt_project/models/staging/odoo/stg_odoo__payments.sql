-- Money that came in is a payment, money that went back to a customer a refund: Odoo does not say of
-- which payment.
with payment as (
    {{ raw_current('odoo', 'payment') }}
),

partners as (
    select * from {{ ref('base_odoo__partners') }}
),

invoices as (
    select * from {{ ref('base_odoo__invoices') }}
),

signed as (
    select
        *,
        upper(coalesce(currency, '{{ var("currency") }}')) as currency_code,
        case
            when state = 'rejected' then 'failed_charge'
            when payment_type = 'outbound' then 'refund'
            else 'payment'
        end as kind
    from payment
    where state in ('posted', 'in_process', 'paid', 'rejected') and (state <> 'rejected' or payment_type = 'inbound')
)

select
    cast(signed.id as varchar) as source_payment_id,
    signed.kind,
    partners.record_id as source_record_id,
    cast(signed.invoice as varchar) as source_invoice_id,
    cast(null as varchar) as parent_payment_id,
    case signed.kind
        when 'failed_charge' then 0
        when 'refund' then -{{ to_minor('signed.amount', 'signed.currency_code') }}
        else {{ to_minor('signed.amount', 'signed.currency_code') }}
    end as amount_minor,
    case when signed.kind = 'failed_charge' then {{ to_minor('signed.amount', 'signed.currency_code') }} end
        as attempted_minor,
    signed.currency_code,
    {{ day_start_utc('signed.date') }} as occurred_at,
    signed.payment_method_code as method,
    coalesce(invoices.purpose, 'other') as purpose,
    signed._first_known_at as known_at
from signed
left join partners on cast(signed.partner as varchar) = partners.partner_id
left join invoices on cast(signed.invoice as varchar) = invoices.invoice_id
