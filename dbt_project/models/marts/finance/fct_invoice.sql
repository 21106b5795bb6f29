-- One row per invoice: what was billed, what came in for it, what is still owed.
with invoices as (

    select * from {{ ref('conformed__invoices') }}

),

allocations as (

    select
        invoice_key,
        sum(applied_minor) as collected_minor,
        max(case when kind = 'chargeback' then 1 else 0 end) as charged_back
    from {{ ref('fct_payment_allocation') }}
    group by invoice_key

),

current_map as (

    select * from {{ ref('int_identity__current') }}

),

keyed as (

    select
        *,
        {{ surrogate_key(['source_system', 'source_invoice_id']) }} as invoice_key,
        -- a draft or a void invoice bills nothing
        case when status in ('draft', 'void') then 0 else total_minor end as billed_minor
    from invoices

)

select
    keyed.invoice_key,
    current_map.member_key,
    keyed.source_system,
    keyed.source_invoice_id,
    keyed.source_record_id,
    keyed.purpose,
    keyed.status,
    keyed.currency_code,
    keyed.total_minor,
    cast(keyed.billed_minor as bigint) as billed_minor,
    cast(coalesce(allocations.collected_minor, 0) as bigint) as collected_minor,
    cast(
        case
            when keyed.status = 'uncollectible'
                then keyed.billed_minor - coalesce(allocations.collected_minor, 0)
            else 0
        end as bigint
    ) as written_off_minor,
    keyed.paid_minor as paid_minor_said,
    coalesce(allocations.charged_back, 0) = 1 as is_charged_back,
    {{ local_date('keyed.issued_at') }} as issued_date,
    {{ local_date('keyed.due_at') }} as due_date,
    {{ local_date('keyed.paid_at') }} as paid_date,
    keyed.known_at
from keyed
left join allocations on keyed.invoice_key = allocations.invoice_key
left join current_map
    on
        keyed.source_system = current_map.source_system
        and keyed.source_record_id = current_map.source_record_id
