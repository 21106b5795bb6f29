with terms as (
    select
        *,
        {{ add_days('start_date', -1) }} as day_before
    from {{ ref('base_wildapricot__terms') }}
),

plan_versions as (
    select * from {{ ref('stg_wildapricot__plan_versions') }}
),

spans as (
    select
        {{ dbt.concat(['contact_id', "'-'", "coalesce(cast(renewal_due as varchar), 'open')"]) }} as source_term_id,
        contact_id,
        level_id,
        start_date,
        end_date,
        case when changed_date > start_date and is_first then start_date else coalesce(changed_date, start_date) end
            as committed_date,
        is_recurring,
        known_at
    from terms
    union all
    select
        {{ dbt.concat(['contact_id', "'-before'"]) }} as source_term_id,
        contact_id,
        level_id,
        member_since_date as start_date,
        day_before as end_date,
        member_since_date as committed_date,
        is_recurring,
        known_at
    from terms
    where is_first and member_since_date < start_date
)

select
    spans.source_term_id,
    spans.contact_id as source_membership_id,
    spans.contact_id as source_record_id,
    spans.level_id as source_plan_id,
    spans.start_date,
    spans.end_date,
    spans.committed_date,
    cast(null as date) as resigned_date,
    coalesce(spans.is_recurring, false) as is_auto_renew,
    plan_versions.list_price_minor as amount_minor,
    plan_versions.currency_code,
    'snapshot' as term_evidence,
    false as is_test,
    spans.known_at
from spans
left join plan_versions
    on
        spans.level_id = plan_versions.source_plan_id
        and cast(spans.committed_date as timestamp) >= plan_versions.valid_from
        and (plan_versions.valid_to is null or cast(spans.committed_date as timestamp) < plan_versions.valid_to)
