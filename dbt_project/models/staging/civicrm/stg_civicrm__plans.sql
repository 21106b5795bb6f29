with membership_type as (
    {{ raw_current('civicrm', 'membership_type') }}
),

modelled as (
    select
        *,
        case
            when duration_unit = 'lifetime' then 'lifetime'
            when duration_unit in ('month', 'day') then 'continuous'
            when period_type = 'fixed' then 'fixed'
            else 'anniversary'
        end as renewal_model
    from membership_type
)

select
    cast(id as varchar) as source_plan_id,
    name as plan_code,
    coalesce(title, name) as plan_name,
    {{ plan_setting('name', 'renewal_model', 'renewal_model', quoted=true) }} as renewal_model,
    case duration_unit
        when 'year' then 12 * duration_interval
        when 'month' then duration_interval
    end as term_months,
    {{ plan_setting('name', 'grace_days', var('grace_days')) }} as grace_days,
    {{ plan_setting('name', 'reinstate_days', var('reinstate_days')) }} as reinstate_days,
    renewal_model <> 'lifetime' as is_renewable,
    {{ plan_setting('name', 'is_rate_excluded', "renewal_model = 'lifetime' or coalesce(minimum_fee, 0) = 0") }}
        as is_rate_excluded,
    {{ to_minor('minimum_fee', "'" ~ var('currency') ~ "'") }} as list_price_minor,
    '{{ var("currency") }}' as currency_code,
    coalesce(is_active, true) as is_active,
    _first_known_at as known_at
from modelled
