with versions as (
    {{ raw_history('mapped', 'plans') }}
),

ordered as (
    select
        source_system,
        source_plan_id,
        plan_name,
        list_price_minor,
        currency_code,
        is_active,
        row_number() over (partition by source_system, source_plan_id order by _known_from) as version_position,
        _known_from,
        {{ version_ended_at() }} as valid_to,
        _first_known_at as known_at
    from versions
)

select
    source_system,
    source_plan_id,
    plan_name,
    list_price_minor,
    currency_code,
    is_active,
    case when version_position = 1 then cast('1900-01-01' as timestamp) else _known_from end as valid_from,
    valid_to,
    known_at
from ordered
