-- Test activities and those that did not take place are no interactions.
with activity as (
    {{ raw_current('civicrm', 'activity') }}
)

select
    cast(id as varchar) as activity_id,
    cast(target_contact_id as varchar) as contact_id,
    cast(case_id as varchar) as case_id,
    activity_type_id_name as activity_type,
    case
        when activity_type_id_name <> 'Change Case Status' then null
        when subject like '% to Resolved' or subject like '% to Closed' then 'case_resolved'
        when subject like '% from Resolved to %' or subject like '% from Closed to %' then 'case_reopened'
    end as case_step,
    activity_date_time as occurred_at,
    _first_known_at as known_at
from activity
where
    not coalesce(is_test, false)
    and not coalesce(is_deleted, false)
    and coalesce(status_id_name, 'Completed') not in ('Scheduled', 'Cancelled', 'Draft', 'Not Required')
