with plans as (
    select * from {{ ref('conformed__plans') }}
),

versions as (
    select * from {{ ref('conformed__plan_versions') }}
)

select
    {{ surrogate_key(['plans.source_system', 'plans.source_plan_id', 'versions.valid_from']) }} as plan_version_key,
    {{ surrogate_key(['plans.source_system', 'plans.source_plan_id']) }} as plan_key,
    plans.source_system,
    plans.source_plan_id,
    plans.plan_code,
    versions.plan_name,
    plans.renewal_model,
    versions.currency_code,
    plans.term_months,
    plans.grace_days,
    plans.reinstate_days,
    versions.list_price_minor,
    plans.is_renewable,
    plans.is_rate_excluded,
    coalesce(versions.is_active, plans.is_active) as is_active,
    versions.valid_to is null as is_current,
    versions.valid_from,
    versions.valid_to
from plans
inner join versions
    on plans.source_system = versions.source_system and plans.source_plan_id = versions.source_plan_id
