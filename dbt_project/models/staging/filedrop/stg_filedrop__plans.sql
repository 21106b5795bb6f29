with plans as (
    {{ raw_current('filedrop', 'plans') }}
)

select
    source_plan_id,
    plan_code,
    plan_name,
    renewal_model,
    term_months,
    grace_days,
    reinstate_days,
    is_renewable,
    is_rate_excluded,
    list_price_minor,
    currency_code,
    is_active,
    _first_known_at as known_at
from plans
