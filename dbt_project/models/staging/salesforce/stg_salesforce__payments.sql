-- What was planned, written off or voided is no payment. A refund is negative however the org keeps it.
with payment as (
    {{ raw_current('salesforce', 'payment') }}
),

winners as (
    select * from {{ ref('base_salesforce__merges') }}
),

named as (
    select
        payment.*,
        coalesce(people.winner_id, payment.contact_id, accounts.winner_id, payment.account_id) as record_id,
        upper(coalesce(payment.currency, '{{ var("currency") }}')) as currency_code,
        case
            when payment.is_refund or payment.amount < 0 or lower(payment.kind) like '%refund%' then 'refund'
            else 'payment'
        end as movement
    from payment
    left join winners as people on payment.contact_id = people.merged_id
    left join winners as accounts on payment.account_id = accounts.merged_id
    where
        payment.amount is not null
        and coalesce(payment.is_paid, true)
        and not coalesce(payment.is_void, false)
),

dated as (
    select
        *,
        {{ to_minor('abs(amount)', 'currency_code') }} as unsigned_minor,
        coalesce(paid_at, {{ day_start_utc('paid_on') }}, created_at) as occurred_at
    from named
)

select
    id as source_payment_id,
    movement as kind,
    record_id as source_record_id,
    cast(null as varchar) as source_invoice_id,
    parent_payment_id,
    case when movement = 'refund' then -unsigned_minor else unsigned_minor end as amount_minor,
    cast(null as bigint) as attempted_minor,
    currency_code,
    occurred_at,
    method,
    case
        when dues_until is not null then 'dues'
        when event_id is not null then 'event'
        when purpose in ('dues', 'event', 'donation') then purpose
        else 'other'
    end as purpose,
    _first_known_at as known_at
from dated
