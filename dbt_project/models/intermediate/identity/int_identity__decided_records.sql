with decisions as (
    select * from {{ ref('int_identity__decisions') }}
)

select
    decision_number,
    kind,
    left_source_system as source_system,
    left_record_id as source_record_id
from decisions
union all
select
    decision_number,
    kind,
    right_source_system as source_system,
    right_record_id as source_record_id
from decisions
