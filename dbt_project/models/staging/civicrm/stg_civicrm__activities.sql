with activities as (
    select * from {{ ref('base_civicrm__activities') }}
),

coded as (
    select
        *,
        case activity_type
            when 'Membership Inquiry' then 'membership_inquiry'
            when 'Inbound Call' then 'phone_call_inbound'
            when 'Outbound Call' then 'phone_call_outbound'
            when 'Volunteering' then 'volunteered'
            when 'Member Referral' then 'referral'
            when 'Event Speaker' then 'speaker'
            when 'Change Case Status' then case_step
        end as activity
    from activities
)

select
    activity_id as source_activity_id,
    contact_id as source_record_id,
    activity,
    occurred_at,
    cast(null as varchar) as channel,
    cast(null as varchar) as department,
    cast(null as varchar) as actor_type,
    case_id as source_case_id,
    known_at
from coded
where activity is not null
