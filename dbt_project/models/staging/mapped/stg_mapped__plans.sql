with plans as (
    {{ raw_current('mapped', 'plans') }}
)

select
    source_system,
    source_plan_id,
    coalesce(plan_code, source_plan_id) as plan_code,
    plan_name,
    {{ plan_setting('plan_code', 'renewal_model', "coalesce(renewal_model, 'anniversary')", quoted=true) }}
        as renewal_model,
    term_months,
    {{ plan_setting('plan_code', 'grace_days', 'coalesce(grace_days, ' ~ var('grace_days') ~ ')') }} as grace_days,
    {{ plan_setting('plan_code', 'reinstate_days', 'coalesce(reinstate_days, ' ~ var('reinstate_days') ~ ')') }}
        as reinstate_days,
    coalesce(is_renewable, coalesce(renewal_model, 'anniversary') <> 'lifetime') as is_renewable,
    {{ plan_setting('plan_code', 'is_rate_excluded', 'coalesce(is_rate_excluded, false)') }} as is_rate_excluded,
    list_price_minor,
    upper(coalesce(currency_code, '{{ var("currency") }}')) as currency_code,
    coalesce(is_active, true) as is_active,
    _first_known_at as known_at
from plans
