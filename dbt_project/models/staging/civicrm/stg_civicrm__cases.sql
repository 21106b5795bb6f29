with civi_case as (
    {{ raw_current('civicrm', 'case') }}
),

case_contact as (
    {{ raw_current('civicrm', 'case_contact') }}
),

activities as (
    select * from {{ ref('base_civicrm__activities') }}
),

steps as (
    select
        case_id,
        min(case when case_step = 'case_resolved' then occurred_at end) as first_resolved_at,
        max(case when case_step = 'case_resolved' then occurred_at end) as last_resolved_at,
        sum(case when case_step = 'case_reopened' then 1 else 0 end) as reopened_count
    from activities
    where case_id is not null and case_step is not null
    group by case_id
),

owners as (
    select distinct
        case_id,
        contact_id
    from case_contact
),

joined as (
    select
        cast(civi_case.id as varchar) as source_case_id,
        cast(owners.contact_id as varchar) as source_record_id,
        civi_case.case_type_id_name as case_type,
        {{ day_start_utc('civi_case.start_date') }} as received_at,
        {{ day_start_utc('civi_case.end_date') }} as ended_at,
        steps.first_resolved_at,
        steps.last_resolved_at,
        coalesce(steps.reopened_count, 0) as reopened_count,
        case when civi_case.status_id_name in ('Resolved', 'Closed') then 'resolved' else 'open' end as status,
        civi_case._first_known_at as known_at
    from civi_case
    left join owners on civi_case.id = owners.case_id
    left join steps on cast(civi_case.id as varchar) = steps.case_id
    where not coalesce(civi_case.is_deleted, false)
)

select
    source_case_id,
    source_record_id,
    case_type,
    received_at,
    case when status = 'resolved' then coalesce(first_resolved_at, ended_at) else first_resolved_at end
        as first_resolved_at,
    case when status = 'resolved' then coalesce(last_resolved_at, ended_at) else last_resolved_at end
        as last_resolved_at,
    reopened_count,
    status,
    known_at
from joined
