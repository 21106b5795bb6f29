-- Wild Apricot keeps no price history; ours begins with the first load, whose price counts for all before.
with levels as (
    select
        *,
        row_number() over (partition by level_id order by known_from) as version_position
    from {{ ref('base_wildapricot__levels') }}
)

select
    level_id as source_plan_id,
    level_name as plan_name,
    fee_minor as list_price_minor,
    currency_code,
    is_active,
    case when version_position = 1 then cast('1900-01-01' as timestamp) else known_from end as valid_from,
    known_to as valid_to,
    known_at
from levels
