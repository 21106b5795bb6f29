-- Being sent newsletters is the default of every contact and no consent; switching them off is binding.
with contacts as (
    select * from {{ ref('base_wildapricot__contacts') }}
),

statements as (
    select
        contact_id,
        'newsletters' as statement,
        'marketing' as purpose,
        'withdrawn' as status,
        'unsubscribed' as reason,
        updated_at,
        known_at
    from contacts
    where not receives_newsletters
    union all
    select
        contact_id,
        'delivery' as statement,
        'all' as purpose,
        'suppressed' as status,
        case when is_disabled_by_bounces then 'hard_bounce' else 'opt_out' end as reason,
        updated_at,
        known_at
    from contacts
    where is_delivery_disabled
    union all
    select
        contact_id,
        'receiving' as statement,
        'all' as purpose,
        'suppressed' as status,
        'opt_out' as reason,
        updated_at,
        known_at
    from contacts
    where is_receiving_disabled
)

select
    {{ dbt.concat(['contact_id', "'-'", 'statement']) }} as source_consent_id,
    contact_id as source_record_id,
    'email' as channel,
    purpose,
    status,
    reason,
    updated_at as occurred_at,
    statement as evidence,
    known_at
from statements
