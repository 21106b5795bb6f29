with levels as (
    select * from {{ ref('base_wildapricot__levels') }}
    where known_to is null
)

select
    level_id as source_plan_id,
    level_name as plan_code,
    level_name as plan_name,
    {{ plan_setting('level_name', 'renewal_model', 'renewal_model', quoted=true) }} as renewal_model,
    term_months,
    {{ plan_setting('level_name', 'grace_days', var('grace_days')) }} as grace_days,
    {{ plan_setting('level_name', 'reinstate_days', var('reinstate_days')) }} as reinstate_days,
    renewal_model <> 'lifetime' as is_renewable,
    {{ plan_setting('level_name', 'is_rate_excluded', "renewal_model = 'lifetime' or coalesce(fee_minor, 0) = 0") }}
        as is_rate_excluded,
    fee_minor as list_price_minor,
    currency_code,
    is_active,
    known_at
from levels
