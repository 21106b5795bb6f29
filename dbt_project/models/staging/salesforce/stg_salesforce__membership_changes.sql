with terms as (
    select * from {{ ref('base_salesforce__terms') }}
)

select
    {{ dbt.concat(['term_id', "'-resigned'"]) }} as source_change_id,
    membership_id as source_membership_id,
    record_id as source_record_id,
    'resigned' as change_type,
    resigned_date as change_date,
    known_at
from terms
where resigned_date is not null
