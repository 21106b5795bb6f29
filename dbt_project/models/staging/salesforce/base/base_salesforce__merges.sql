-- Salesforce moves lookups to the winner of a merge, but not what is read through a parent record or
-- kept as text. A winner may have been merged again: three steps are followed.
with losers as (
    select
        id,
        master_record_id,
        _known_from
    from {{ source('salesforce', 'contact') }}
    where _is_deleted and master_record_id is not null
    union all
    select
        id,
        master_record_id,
        _known_from
    from {{ source('salesforce', 'account') }}
    where _is_deleted and master_record_id is not null
),

steps as (
    select
        id as merged_id,
        max(master_record_id) as winner_id
    from losers
    where _known_from <= {{ knowledge_timestamp() }}
    group by id
)

select
    steps.merged_id,
    coalesce(third.winner_id, second.winner_id, steps.winner_id) as winner_id
from steps
left join steps as second on steps.winner_id = second.merged_id
left join steps as third on second.winner_id = third.merged_id
