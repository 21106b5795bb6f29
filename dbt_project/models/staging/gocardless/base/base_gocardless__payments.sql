-- Payments with who pays, what for, and when their events said so. An instant bank payment has no
-- mandate, so nobody is known to have made it.
with payment as (
    {{ raw_current('gocardless', 'payment') }}
),

mandate as (
    {{ raw_current('gocardless', 'mandate') }}
),

subscription as (
    {{ raw_current('gocardless', 'subscription') }}
),

event as (
    {{ raw_current('gocardless', 'event') }}
),

happenings as (
    select
        payment as payment_id,
        min(case when action = 'confirmed' then _first_known_at end) as collected_known_at,
        max(case when action = 'charged_back' then created_at end) as charged_back_at,
        max(case when action = 'charged_back' then _first_known_at end) as charged_back_known_at,
        sum(case when action = 'failed' then 1 else 0 end) as failures
    from event
    where resource_type = 'payments'
    group by payment
),

purposes as (
    select
        payment.id as payment_id,
        coalesce(
            {{ json_get('payment.metadata', 'purpose') }},
            {{ json_get('subscription.metadata', 'purpose') }}
        ) as purpose
    from payment
    left join subscription on payment.subscription = subscription.id
)

select
    payment.id as payment_id,
    mandate.customer as customer_id,
    payment.amount as amount_minor,
    upper(payment.currency) as currency_code,
    payment.status,
    case
        when
            coalesce(payment.scheme, mandate.scheme)
            in ('faster_payments', 'sepa_credit_transfer', 'sepa_instant_credit_transfer')
            then 'bank_transfer'
        else 'direct_debit'
    end as method,
    case when purposes.purpose in ('dues', 'event', 'donation') then purposes.purpose else 'other' end as purpose,
    coalesce(happenings.failures, 0) as failures,
    coalesce({{ day_start_utc('payment.charge_date') }}, payment.created_at) as charged_at,
    happenings.charged_back_at,
    coalesce(happenings.collected_known_at, payment._first_known_at) as collected_known_at,
    coalesce(happenings.charged_back_known_at, payment._known_from) as charged_back_known_at,
    payment._known_from as state_known_at
from payment
inner join purposes on payment.id = purposes.payment_id
left join mandate on payment.mandate = mandate.id
left join happenings on payment.id = happenings.payment_id
