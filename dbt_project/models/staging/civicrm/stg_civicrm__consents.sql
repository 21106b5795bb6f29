-- Two kinds of statement in one contact: consent with its own date, and refusals without one, which
-- count from the contact's last change.
with contacts as (
    select * from {{ ref('base_civicrm__contacts') }}
),

statements as (
    select
        contact_id,
        'membership' as statement,
        'email' as channel,
        'membership' as purpose,
        consent_email_membership as status,
        case when consent_email_membership = 'granted' then 'opt_in' else 'opt_out' end as reason,
        consent_email_membership_at as occurred_at,
        consent_evidence as evidence,
        known_at
    from contacts
    where consent_email_membership in ('granted', 'withdrawn')
    union all
    select
        contact_id,
        'marketing' as statement,
        'email' as channel,
        'marketing' as purpose,
        consent_email_marketing as status,
        case when consent_email_marketing = 'granted' then 'opt_in' else 'opt_out' end as reason,
        consent_email_marketing_at as occurred_at,
        consent_evidence as evidence,
        known_at
    from contacts
    where consent_email_marketing in ('granted', 'withdrawn')
    union all
    select
        contact_id,
        'no_email' as statement,
        'email' as channel,
        'all' as purpose,
        'suppressed' as status,
        'opt_out' as reason,
        updated_at as occurred_at,
        'do_not_email' as evidence,
        known_at
    from contacts
    where is_email_refused
    union all
    select
        contact_id,
        'no_bulk_email' as statement,
        'email' as channel,
        'all' as purpose,
        'suppressed' as status,
        'opt_out' as reason,
        updated_at as occurred_at,
        'is_opt_out' as evidence,
        known_at
    from contacts
    where is_bulk_email_refused
    union all
    select
        contact_id,
        'email_on_hold' as statement,
        'email' as channel,
        'all' as purpose,
        'suppressed' as status,
        case when email_on_hold = 1 then 'hard_bounce' else 'opt_out' end as reason,
        updated_at as occurred_at,
        'on_hold' as evidence,
        known_at
    from contacts
    where email_on_hold in (1, 2)
    union all
    select
        contact_id,
        'no_post' as statement,
        'post' as channel,
        'all' as purpose,
        'suppressed' as status,
        'opt_out' as reason,
        updated_at as occurred_at,
        'do_not_mail' as evidence,
        known_at
    from contacts
    where is_post_refused
    union all
    select
        contact_id,
        'no_phone' as statement,
        'phone' as channel,
        'all' as purpose,
        'suppressed' as status,
        'opt_out' as reason,
        updated_at as occurred_at,
        'do_not_phone' as evidence,
        known_at
    from contacts
    where is_phone_refused
)

select
    {{ dbt.concat(['contact_id', "'-'", 'statement']) }} as source_consent_id,
    contact_id as source_record_id,
    channel,
    purpose,
    status,
    reason,
    occurred_at,
    evidence,
    known_at
from statements
