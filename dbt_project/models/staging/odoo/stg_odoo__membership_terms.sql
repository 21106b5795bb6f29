-- A membership line is a term once it was paid. One that was cancelled afterwards stays a term up to
-- its cancellation, which only our own history can tell from one that was never paid.
with membership_line as (
    {{ raw_current('odoo', 'membership_line') }}
),

line_versions as (
    {{ raw_history('odoo', 'membership_line') }}
),

once_paid as (
    select distinct id
    from line_versions
    where state in ('paid', 'free')
),

partners as (
    select * from {{ ref('base_odoo__partners') }}
),

invoices as (
    select * from {{ ref('base_odoo__invoices') }}
),

subscription_terms as (
    select * from {{ ref('base_odoo__subscription_terms') }}
),

lines as (
    select
        membership_line.id,
        membership_line.partner,
        partners.record_id,
        membership_line.product,
        membership_line.date_from,
        membership_line.date_to,
        case
            when membership_line.state = 'canceled'
                then coalesce(membership_line.date_cancel, {{ local_date('membership_line.write_date') }})
            when membership_line.date_cancel <= membership_line.date_to then membership_line.date_cancel
        end as resigned_date,
        coalesce(invoices.paid_on, membership_line.date, {{ local_date('membership_line.create_date') }})
            as committed_date,
        membership_line.member_price,
        coalesce(invoices.currency_code, '{{ var("currency") }}') as currency_code,
        membership_line._first_known_at as known_at
    from membership_line
    inner join once_paid on membership_line.id = once_paid.id
    left join partners on cast(membership_line.partner as varchar) = partners.partner_id
    left join invoices on cast(membership_line.invoice as varchar) = invoices.invoice_id
    where membership_line.date_from is not null
)

select
    {{ dbt.concat(["'line-'", 'cast(id as varchar)']) }} as source_term_id,
    {{ dbt.concat(["'partner-'", 'cast(partner as varchar)']) }} as source_membership_id,
    record_id as source_record_id,
    {{ dbt.concat(["'product-'", 'cast(product as varchar)']) }} as source_plan_id,
    date_from as start_date,
    date_to as end_date,
    committed_date,
    resigned_date,
    false as is_auto_renew,
    {{ to_minor('member_price', 'currency_code') }} as amount_minor,
    currency_code,
    'log' as term_evidence,
    false as is_test,
    known_at
from lines
union all
select
    {{ dbt.concat(["'invoice-'", 'invoice_id']) }} as source_term_id,
    {{ dbt.concat(["'order-'", 'origin_id']) }} as source_membership_id,
    record_id as source_record_id,
    {{ dbt.concat(["'plan-'", 'plan_id']) }} as source_plan_id,
    start_date,
    end_date,
    committed_date,
    case when left_on <= end_date then left_on end as resigned_date,
    true as is_auto_renew,
    {{ to_minor('amount_total', 'currency_code') }} as amount_minor,
    currency_code,
    'payments' as term_evidence,
    false as is_test,
    known_at
from subscription_terms
