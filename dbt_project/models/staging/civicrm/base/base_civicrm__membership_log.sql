-- The log's rows with what only the membership knows: whose it is, and whether it renews by itself.
with membership as (
    {{ raw_current('civicrm', 'membership') }}
),

membership_log as (
    {{ raw_current('civicrm', 'membership_log') }}
)

select
    cast(membership_log.id as varchar) as log_id,
    membership_log.id as log_position,
    cast(membership_log.membership_id as varchar) as membership_id,
    cast(membership.contact_id as varchar) as contact_id,
    cast(coalesce(membership_log.membership_type_id, membership.membership_type_id) as varchar) as plan_id,
    membership_log.status_id_name as status,
    membership.contribution_recur_id is not null as is_auto_renew,
    membership_log.start_date,
    membership_log.end_date,
    membership_log.modified_date as changed_on,
    membership_log._first_known_at as known_at
from membership_log
inner join membership on membership_log.membership_id = membership.id
where not coalesce(membership.is_test, false)
