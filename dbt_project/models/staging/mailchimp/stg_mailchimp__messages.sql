with report as (
    {{ raw_current('mailchimp', 'report') }}
),

sent_to as (
    {{ raw_current('mailchimp', 'sent_to') }}
),

email_activity as (
    {{ raw_current('mailchimp', 'email_activity') }}
),

unsubscribed as (
    {{ raw_current('mailchimp', 'unsubscribed') }}
),

engagement as (
    select
        campaign_id,
        email_id,
        min(case when action = 'open' then {{ adapter.quote('timestamp') }} end) as first_opened_at,
        min(case when action = 'click' then {{ adapter.quote('timestamp') }} end) as first_clicked_at,
        min(case when action = 'bounce' then {{ adapter.quote('timestamp') }} end) as bounced_at
    from email_activity
    group by campaign_id, email_id
)

select
    {{ dbt.concat(['sent_to.campaign_id', "'-'", 'sent_to.email_id']) }} as source_message_id,
    sent_to.email_id as source_record_id,
    sent_to.campaign_id,
    report.campaign_title as campaign_name,
    lower({{ dbt.split_part('trim(report.campaign_title)', "' '", 1) }}) as purpose,
    'marketing' as department,
    'email' as channel,
    report.send_time as sent_at,
    engagement.first_opened_at,
    engagement.first_clicked_at,
    case
        when sent_to.status in ('hard', 'soft') then coalesce(engagement.bounced_at, report.send_time)
        else engagement.bounced_at
    end as bounced_at,
    case when sent_to.status in ('hard', 'soft') then sent_to.status end as bounce_kind,
    unsubscribed.{{ adapter.quote('timestamp') }} as unsubscribed_at,
    sent_to._first_known_at as known_at
from sent_to
inner join report on sent_to.campaign_id = report.id
left join engagement
    on sent_to.campaign_id = engagement.campaign_id and sent_to.email_id = engagement.email_id
left join unsubscribed
    on sent_to.campaign_id = unsubscribed.campaign_id and sent_to.email_id = unsubscribed.email_id
