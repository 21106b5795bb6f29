with accounts as (
    select * from {{ ref('base_salesforce__accounts') }}
)

select
    account_id as source_organisation_id,
    account_name as organisation_name,
    kind,
    email_key,
    created_at,
    known_at
from accounts
