with member as (
    {{ raw_current('mailchimp', 'member') }}
)

select
    id as member_id,
    email_address as email,
    email_address_key as email_key,
    status,
    nullif(trim({{ json_get('merge_fields', 'FNAME') }}), '') as first_name,
    nullif(trim({{ json_get('merge_fields', 'LNAME') }}), '') as last_name,
    nullif(upper(replace({{ json_get('merge_fields', 'MEMBERNO') }}, ' ', '')), '') as member_number,
    {{ e164_or_null(json_get('merge_fields', 'PHONE')) }} as phone_e164,
    unsubscribe_reason,
    timestamp_signup as signed_up_at,
    timestamp_opt as opted_in_at,
    last_changed as updated_at,
    _first_known_at as known_at
from member
