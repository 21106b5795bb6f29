with steps as (
    select * from {{ ref('base_civicrm__membership_steps') }}
    where term_position > 0
),

plan_versions as (
    select * from {{ ref('stg_civicrm__plan_versions') }}
),

grouped as (
    select
        membership_id,
        term_position,
        min(contact_id) as contact_id,
        max(case when step = 'term_opened' then log_id end) as opening_log_id,
        max(case when step = 'term_opened' then plan_id end) as plan_id,
        max(case when step = 'term_opened' then start_date end) as logged_start_date,
        max(case when step = 'term_opened' then changed_on end) as committed_date,
        max(case when step = 'term_opened' then known_at end) as known_at,
        max(reach) as reach,
        max(case when is_in_force then log_position end) as last_in_force_position,
        max(case when step = 'resigned' then log_position end) as resigned_position,
        max(case when step = 'resigned' then changed_on end) as last_resigned_date,
        {{ dbt.bool_or('is_auto_renew') }} as is_auto_renew
    from steps
    group by membership_id, term_position
),

resigned as (
    select
        *,
        -- A row in force after the resignation took it back.
        case when resigned_position > last_in_force_position then last_resigned_date end as own_resigned_date
    from grouped
),

bounded as (
    select
        *,
        case
            when own_resigned_date is not null then own_resigned_date
            when
                lead(own_resigned_date) over (partition by membership_id order by term_position) <= reach
                then lead(own_resigned_date) over (partition by membership_id order by term_position)
        end as resigned_date
    from resigned
),

effective as (
    select
        *,
        lag(
            case
                when resigned_date is null or resigned_date > reach then reach
                else {{ add_days('resigned_date', -1) }}
            end
        ) over (partition by membership_id order by term_position) as previous_end_date
    from bounded
),

dated as (
    select
        *,
        case
            when logged_start_date is null or previous_end_date >= logged_start_date
                then coalesce({{ add_days('previous_end_date', 1) }}, committed_date)
            else logged_start_date
        end as start_date
    from effective
)

select
    {{ dbt.concat(['dated.membership_id', "'-'", 'dated.opening_log_id']) }} as source_term_id,
    dated.membership_id as source_membership_id,
    dated.contact_id as source_record_id,
    dated.plan_id as source_plan_id,
    dated.start_date,
    nullif(dated.reach, cast('9999-12-31' as date)) as end_date,
    dated.committed_date,
    dated.resigned_date,
    dated.is_auto_renew,
    plan_versions.list_price_minor as amount_minor,
    plan_versions.currency_code,
    'log' as term_evidence,
    false as is_test,
    dated.known_at
from dated
left join plan_versions
    on
        dated.plan_id = plan_versions.source_plan_id
        and cast(dated.committed_date as timestamp) >= plan_versions.valid_from
        and (plan_versions.valid_to is null or cast(dated.committed_date as timestamp) < plan_versions.valid_to)
