-- A registration's total is what was paid for it; refunds do not lower it.
with registrations as (
    select * from {{ ref('base_tito__registrations') }}
),

refund as (
    {{ raw_current('tito', 'refund') }}
),

refunds as (
    select
        refund.id,
        registrations.record_id,
        {{ to_minor('refund.amount', 'registrations.currency_code') }} as amount_minor,
        registrations.currency_code,
        registrations.payment_option_name,
        refund.created_at,
        refund._first_known_at as known_at
    from refund
    inner join registrations on refund.registration_id = registrations.registration_key
)

select
    record_id as source_payment_id,
    'payment' as kind,
    record_id as source_record_id,
    cast(null as varchar) as source_invoice_id,
    cast(null as varchar) as parent_payment_id,
    total_minor as amount_minor,
    cast(null as bigint) as attempted_minor,
    currency_code,
    coalesce(completed_at, created_at) as occurred_at,
    payment_option_name as method,
    'event' as purpose,
    known_at
from registrations
where is_paid and total_minor > 0
union all
select
    {{ dbt.concat(["'refund-'", 'cast(id as varchar)']) }} as source_payment_id,
    'refund' as kind,
    record_id as source_record_id,
    cast(null as varchar) as source_invoice_id,
    record_id as parent_payment_id,
    -abs(amount_minor) as amount_minor,
    cast(null as bigint) as attempted_minor,
    currency_code,
    created_at as occurred_at,
    payment_option_name as method,
    'event' as purpose,
    known_at
from refunds
