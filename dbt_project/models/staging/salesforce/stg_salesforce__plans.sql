-- Where plans are no records, the names that terms give are the plans, without a price.
with plan_record as (
    {{ raw_current('salesforce', 'plan') }}
),

terms as (
    select * from {{ ref('base_salesforce__terms') }}
),

plans as (
    select
        id as source_plan_id,
        coalesce(code, name, id) as plan_code,
        coalesce(name, code) as plan_name,
        lower(kind) as kind,
        price,
        upper(coalesce(currency, '{{ var("currency") }}')) as currency_code,
        term_months,
        grace_days,
        coalesce(is_active, true) as is_active,
        _first_known_at as known_at
    from plan_record
    union all
    select
        plan_name as source_plan_id,
        plan_name as plan_code,
        plan_name,
        lower(plan_name) as kind,
        cast(null as decimal(18, 4)) as price,
        '{{ var("currency") }}' as currency_code,
        cast(null as bigint) as term_months,
        cast(null as bigint) as grace_days,
        true as is_active,
        min(known_at) as known_at
    from terms
    where plan_name is not null
    group by plan_name
),

modelled as (
    select
        *,
        case
            when kind like '%lifetime%' or kind like '%life member%' then 'lifetime'
            when kind like '%calendar%' then 'fixed'
            else 'anniversary'
        end as usual_model
    from plans
)

select
    source_plan_id,
    plan_code,
    plan_name,
    {{ plan_setting('plan_code', 'renewal_model', 'usual_model', quoted=true) }} as renewal_model,
    term_months,
    {{ plan_setting('plan_code', 'grace_days', 'coalesce(grace_days, ' ~ var('grace_days') ~ ')') }} as grace_days,
    {{ plan_setting('plan_code', 'reinstate_days', var('reinstate_days')) }} as reinstate_days,
    usual_model <> 'lifetime' as is_renewable,
    {{ plan_setting('plan_code', 'is_rate_excluded', "usual_model = 'lifetime' or coalesce(price = 0, false)") }}
        as is_rate_excluded,
    {{ to_minor('price', 'currency_code') }} as list_price_minor,
    currency_code,
    is_active,
    known_at
from modelled
