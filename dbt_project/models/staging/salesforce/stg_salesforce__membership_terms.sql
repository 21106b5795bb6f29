with terms as (
    select * from {{ ref('base_salesforce__terms') }}
),

plans as (
    select * from {{ ref('stg_salesforce__plans') }}
)

select
    terms.term_id as source_term_id,
    terms.membership_id as source_membership_id,
    terms.record_id as source_record_id,
    terms.plan_id as source_plan_id,
    terms.start_date,
    terms.end_date,
    terms.committed_date,
    terms.resigned_date,
    terms.is_auto_renew,
    coalesce(terms.amount_minor, plans.list_price_minor) as amount_minor,
    case
        when terms.amount_minor is null then coalesce(plans.currency_code, terms.currency_code)
        else terms.currency_code
    end as currency_code,
    'declared' as term_evidence,
    false as is_test,
    terms.known_at
from terms
left join plans on terms.plan_id = plans.source_plan_id
