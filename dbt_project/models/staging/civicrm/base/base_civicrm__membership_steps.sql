-- What each log row means. CiviCRM overwrites a membership's end date at renewal, so a row whose end
-- lies beyond every earlier one opens a new term, unless it only resumes a pause, which moves the end
-- of the running term.
with log_rows as (
    select
        *,
        status not in ('Pending', 'Paused', 'Cancelled', 'Deceased') as is_in_force,
        lag(status) over (partition by membership_id order by log_position) as previous_status
    from {{ ref('base_civicrm__membership_log') }}
),

reaches as (
    select
        *,
        case when is_in_force then coalesce(end_date, cast('9999-12-31' as date)) end as reach
    from log_rows
),

compared as (
    select
        *,
        max(reach) over (
            partition by membership_id
            order by log_position
            rows between unbounded preceding and 1 preceding
        ) as earlier_reach
    from reaches
),

named as (
    select
        *,
        case
            when status = 'Pending' and coalesce(previous_status, '') <> 'Pending' then 'application_opened'
            when status = 'Cancelled' and (previous_status = 'Pending' or earlier_reach is null)
                then 'application_withdrawn'
            when status = 'Cancelled' and coalesce(previous_status, '') <> 'Cancelled' then 'resigned'
            when status = 'Paused' and coalesce(previous_status, '') <> 'Paused' then 'paused'
            when is_in_force and earlier_reach is null then 'term_opened'
            when is_in_force and previous_status = 'Paused' then 'resumed'
            when is_in_force and reach > earlier_reach then 'term_opened'
            else 'unchanged'
        end as step
    from compared
)

select
    log_id,
    log_position,
    membership_id,
    contact_id,
    plan_id,
    status,
    step,
    sum(case when step = 'term_opened' then 1 else 0 end) over (
        partition by membership_id
        order by log_position
        rows between unbounded preceding and current row
    ) as term_position,
    is_in_force,
    is_auto_renew,
    start_date,
    reach,
    changed_on,
    known_at
from named
