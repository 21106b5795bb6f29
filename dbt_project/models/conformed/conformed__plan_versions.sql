with unioned as (
    {{ union_staged('plan_versions') }}
)

select
    source_plan_id,
    plan_name,
    list_price_minor,
    currency_code,
    is_active,
    valid_from,
    valid_to,
    source_system,
    known_at
from unioned
