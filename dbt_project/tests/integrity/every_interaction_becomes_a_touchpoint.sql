-- Per activity: what the conformed layer holds up to the as-of moment is what fct_touchpoint holds.
with expected as (
    select
        'event_registered' as activity,
        count(*) as interactions
    from {{ ref('conformed__registrations') }}
    where registered_at <= {{ as_of_timestamp() }}
    union all
    select
        'event_attended' as activity,
        count(*) as interactions
    from {{ ref('conformed__registrations') }}
    where checked_in_at <= {{ as_of_timestamp() }}
    union all
    select
        'email_sent' as activity,
        count(*) as interactions
    from {{ ref('conformed__messages') }}
    where channel = 'email' and sent_at <= {{ as_of_timestamp() }}
    union all
    select
        'email_clicked' as activity,
        count(*) as interactions
    from {{ ref('conformed__messages') }}
    where channel = 'email' and first_clicked_at <= {{ as_of_timestamp() }}
    union all
    select
        'case_opened' as activity,
        count(*) as interactions
    from {{ ref('conformed__cases') }}
    where received_at <= {{ as_of_timestamp() }}
    union all
    select
        'survey_responded' as activity,
        count(*) as interactions
    from {{ ref('conformed__surveys') }}
    where responded_at <= {{ as_of_timestamp() }}
    union all
    select
        'payment_made' as activity,
        count(*) as interactions
    from {{ ref('fct_payment') }}
    where kind = 'payment' and occurred_at <= {{ as_of_timestamp() }}
    union all
    select
        'membership_application' as activity,
        count(*) as interactions
    from {{ ref('conformed__membership_changes') }}
    where
        change_type = 'application_opened'
        and {{ day_start_utc('change_date') }} <= {{ as_of_timestamp() }}
),

found as (
    select
        activity,
        count(*) as interactions
    from {{ ref('fct_touchpoint') }}
    group by activity
)

select
    expected.activity,
    expected.interactions as expected_interactions,
    coalesce(found.interactions, 0) as found_interactions
from expected
left join found on expected.activity = found.activity
where expected.interactions <> coalesce(found.interactions, 0)
