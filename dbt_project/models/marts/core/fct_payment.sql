-- A ticket shop that takes cards through a payment service reports money the payment service reports
-- too. Where the method names another connected source, that source's row is the one that counts.
with payments as (
    select * from {{ ref('conformed__payments') }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
),

paying_sources as (
    select distinct source_system
    from payments
)

select
    {{ surrogate_key(['payments.source_system', 'payments.source_payment_id']) }} as payment_key,
    current_map.member_key,
    payments.source_system,
    payments.source_payment_id,
    payments.source_record_id,
    payments.source_invoice_id,
    payments.parent_payment_id,
    payments.kind,
    payments.purpose,
    payments.method,
    payments.currency_code,
    payments.amount_minor,
    payments.attempted_minor,
    {{ local_date('payments.occurred_at') }} as occurred_date,
    payments.occurred_at,
    payments.known_at
from payments
left join paying_sources
    on
        {{ dbt.split_part('payments.method', "'_'", 1) }} = paying_sources.source_system
        and payments.source_system <> paying_sources.source_system
left join current_map
    on
        payments.source_system = current_map.source_system
        and payments.source_record_id = current_map.source_record_id
where paying_sources.source_system is null
