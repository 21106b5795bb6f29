-- Wild Apricot tells that a message was opened, clicked or refused, not when: the time it was sent stands
-- for all of them.
with email as (
    {{ raw_current('wildapricot', 'sent_email') }}
),

recipient as (
    {{ raw_current('wildapricot', 'sent_email_recipient') }}
),

reached as (
    select
        email_id,
        contact_id,
        {{ dbt.bool_or('coalesce(is_opened, false)') }} as is_opened,
        {{ dbt.bool_or('coalesce(is_clicked, false)') }} as is_clicked,
        {{ dbt.bool_or('coalesce(is_delivered, true)') }} as is_delivered,
        min(_first_known_at) as known_at
    from recipient
    where contact_id is not null
    group by email_id, contact_id
)

select
    {{ dbt.concat(['cast(email.id as varchar)', "'-'", 'cast(reached.contact_id as varchar)']) }} as source_message_id,
    cast(reached.contact_id as varchar) as source_record_id,
    cast(email.id as varchar) as campaign_id,
    email.subject as campaign_name,
    case
        when email.type like 'MemberRenewal%' then 'renewal'
        when email.type like 'MemberApplication%' then 'welcome'
        when email.type like 'EventRegistration%' then 'event'
        else lower({{ dbt.split_part('trim(email.subject)', "' '", 1) }})
    end as purpose,
    case
        when email.type like 'EventRegistration%' then 'events'
        when email.sending_type = 'Automatic' then 'membership'
        else 'marketing'
    end as department,
    'email' as channel,
    email.sent_at,
    case when reached.is_opened then email.sent_at end as first_opened_at,
    case when reached.is_clicked then email.sent_at end as first_clicked_at,
    case when not reached.is_delivered then email.sent_at end as bounced_at,
    cast(null as varchar) as bounce_kind,
    cast(null as timestamp) as unsubscribed_at,
    reached.known_at
from reached
inner join email on reached.email_id = email.id
