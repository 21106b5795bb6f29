with product as (
    {{ raw_current('odoo', 'product') }}
),

subscription_plan as (
    {{ raw_current('odoo', 'subscription_plan') }}
),

unioned as (
    select
        {{ dbt.concat(["'product-'", 'cast(id as varchar)']) }} as plan_id,
        coalesce(default_code, name) as plan_code,
        name as plan_name,
        case when membership_date_to is null then 'lifetime' else 'fixed' end as renewal_model,
        {{ dbt.datediff('membership_date_from', add_days('membership_date_to', 1), 'month') }} as term_months,
        coalesce(list_price, 0) = 0 as is_free,
        {{ to_minor('list_price', "coalesce(currency, '" ~ var('currency') ~ "')") }} as list_price_minor,
        upper(coalesce(currency, '{{ var("currency") }}')) as currency_code,
        coalesce(active, true) as is_active,
        _first_known_at as known_at
    from product
    union all
    select
        {{ dbt.concat(["'plan-'", 'cast(id as varchar)']) }} as plan_id,
        name as plan_code,
        name as plan_name,
        case when billing_period_unit = 'year' then 'anniversary' else 'continuous' end as renewal_model,
        case billing_period_unit
            when 'year' then 12 * billing_period_value
            when 'month' then billing_period_value
        end as term_months,
        false as is_free,
        cast(null as bigint) as list_price_minor,
        '{{ var("currency") }}' as currency_code,
        coalesce(active, true) as is_active,
        _first_known_at as known_at
    from subscription_plan
)

select
    plan_id as source_plan_id,
    coalesce(plan_code, plan_id) as plan_code,
    plan_name,
    {{ plan_setting('plan_code', 'renewal_model', 'renewal_model', quoted=true) }} as renewal_model,
    term_months,
    {{ plan_setting('plan_code', 'grace_days', var('grace_days')) }} as grace_days,
    {{ plan_setting('plan_code', 'reinstate_days', var('reinstate_days')) }} as reinstate_days,
    renewal_model <> 'lifetime' as is_renewable,
    {{ plan_setting('plan_code', 'is_rate_excluded', "renewal_model = 'lifetime' or is_free") }} as is_rate_excluded,
    list_price_minor,
    currency_code,
    is_active,
    known_at
from unioned
