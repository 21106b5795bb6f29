-- How often a case was opened again is kept in its history only, which is not read.
with cases as (
    {{ raw_current('salesforce', 'case') }}
),

winners as (
    select * from {{ ref('base_salesforce__merges') }}
)

select
    cases.id as source_case_id,
    coalesce(people.winner_id, cases.contact_id, accounts.winner_id, cases.account_id) as source_record_id,
    cases.kind as case_type,
    cases.created_at as received_at,
    cases.closed_at as first_resolved_at,
    cases.closed_at as last_resolved_at,
    0 as reopened_count,
    case when cases.is_closed then 'resolved' else 'open' end as status,
    cases._first_known_at as known_at
from cases
left join winners as people on cases.contact_id = people.merged_id
left join winners as accounts on cases.account_id = accounts.merged_id
