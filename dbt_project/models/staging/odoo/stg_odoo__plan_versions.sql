-- Odoo keeps no price history; ours begins with the first load, whose price counts for all before. A
-- recurring plan has no price of its own: its orders have.
with product_versions as (
    {{ raw_history('odoo', 'product') }}
),

plan_versions as (
    {{ raw_history('odoo', 'subscription_plan') }}
),

unioned as (
    select
        {{ dbt.concat(["'product-'", 'cast(id as varchar)']) }} as plan_id,
        name,
        list_price,
        upper(coalesce(currency, '{{ var("currency") }}')) as currency_code,
        active,
        _known_from,
        _known_to,
        _first_known_at
    from product_versions
    union all
    select
        {{ dbt.concat(["'plan-'", 'cast(id as varchar)']) }} as plan_id,
        name,
        cast(null as decimal(18, 4)) as list_price,
        '{{ var("currency") }}' as currency_code,
        active,
        _known_from,
        _known_to,
        _first_known_at
    from plan_versions
),

numbered as (
    select
        *,
        row_number() over (partition by plan_id order by _known_from) as version_position
    from unioned
)

select
    plan_id as source_plan_id,
    name as plan_name,
    {{ to_minor('list_price', 'currency_code') }} as list_price_minor,
    currency_code,
    coalesce(active, true) as is_active,
    case when version_position = 1 then cast('1900-01-01' as timestamp) else _known_from end as valid_from,
    {{ version_ended_at() }} as valid_to,
    _first_known_at as known_at
from numbered
