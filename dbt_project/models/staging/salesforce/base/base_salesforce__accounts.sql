-- The account that NPSP keeps for one person alone is no organisation.
with account as (
    {{ raw_current('salesforce', 'account') }}
)

select
    id as account_id,
    nullif(trim(name), '') as account_name,
    case when lower(kind) like '%household%' then 'household' else 'organisation' end as kind,
    email,
    email_key,
    created_at,
    modified_at as updated_at,
    _first_known_at as known_at
from account
where coalesce(lower(kind), '') not like 'one-to-one%'
