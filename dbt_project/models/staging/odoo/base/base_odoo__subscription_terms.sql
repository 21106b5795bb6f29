-- A recurring order keeps no history of its periods; its invoices do. The first issued invoice pays
-- the first period from the order's start, the second one the next, and so on.
with subscription as (
    {{ raw_current('odoo', 'subscription') }}
),

subscription_plan as (
    {{ raw_current('odoo', 'subscription_plan') }}
),

partners as (
    select * from {{ ref('base_odoo__partners') }}
),

invoices as (
    select * from {{ ref('base_odoo__invoices') }}
    where status in ('paid', 'open')
),

numbered as (
    select
        invoices.*,
        row_number() over (
            partition by invoices.order_name
            order by invoices.issued_on, invoices.invoice_id
        ) - 1 as periods_before
    from invoices
),

periods as (
    select
        numbered.invoice_id,
        cast(coalesce(subscription.origin, subscription.id) as varchar) as origin_id,
        partners.record_id,
        cast(subscription.plan as varchar) as plan_id,
        numbered.status,
        numbered.amount_total,
        numbered.currency_code,
        subscription.subscription_state,
        subscription.start_date as order_start_date,
        subscription.end_date as order_end_date,
        case subscription_plan.billing_period_unit
            when 'year' then 12 * subscription_plan.billing_period_value
            when 'month' then subscription_plan.billing_period_value
            else 0
        end as months,
        case subscription_plan.billing_period_unit
            when 'week' then 7 * subscription_plan.billing_period_value
            else 0
        end as days,
        numbered.periods_before,
        coalesce(numbered.paid_on, numbered.issued_on) as committed_date,
        numbered.known_at
    from subscription
    inner join subscription_plan on subscription.plan = subscription_plan.id
    inner join numbered on subscription.name = numbered.order_name
    left join partners on cast(subscription.partner as varchar) = partners.partner_id
    where subscription.state <> 'cancel' and subscription.start_date is not null
)

select
    invoice_id,
    origin_id,
    record_id,
    plan_id,
    amount_total,
    currency_code,
    {{ add_days(dbt.dateadd('month', 'periods_before * months', 'order_start_date'), 'periods_before * days') }}
        as start_date,
    {{ add_days(
        dbt.dateadd('month', '(periods_before + 1) * months', 'order_start_date'), '(periods_before + 1) * days - 1'
    ) }} as end_date,
    case when subscription_state = '6_churn' then {{ add_days('order_end_date', 1) }} end as left_on,
    committed_date,
    known_at
from periods
where status = 'paid'
