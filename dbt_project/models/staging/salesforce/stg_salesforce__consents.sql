with contact as (
    {{ raw_current('salesforce', 'contact') }}
),

statements as (
    select
        id,
        'no_email' as statement,
        'email' as channel,
        'opt_out' as reason,
        modified_at as occurred_at,
        _first_known_at as known_at
    from contact
    where refuses_email or refuses_contact
    union all
    select
        id,
        'email_bounced' as statement,
        'email' as channel,
        'hard_bounce' as reason,
        email_bounced_at as occurred_at,
        _first_known_at as known_at
    from contact
    where email_bounced_at is not null
    union all
    select
        id,
        'no_phone' as statement,
        'phone' as channel,
        'opt_out' as reason,
        modified_at as occurred_at,
        _first_known_at as known_at
    from contact
    where refuses_phone or refuses_contact
    union all
    select
        id,
        'no_post' as statement,
        'post' as channel,
        'opt_out' as reason,
        modified_at as occurred_at,
        _first_known_at as known_at
    from contact
    where refuses_contact
)

select
    {{ dbt.concat(['id', "'-'", 'statement']) }} as source_consent_id,
    id as source_record_id,
    channel,
    'all' as purpose,
    'suppressed' as status,
    reason,
    occurred_at,
    statement as evidence,
    known_at
from statements
