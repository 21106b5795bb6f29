-- Decisions in terms of profiles; a record that its system has deleted has none.
with decisions as (
    select * from {{ ref('int_identity__decisions') }}
),

records as (
    select * from {{ ref('int_identity__records') }}
)

select
    least(one.profile_id, other.profile_id) as profile_a,
    greatest(one.profile_id, other.profile_id) as profile_b,
    decisions.kind,
    {{ dbt.bool_or('decisions.is_forced') }} as is_forced
from decisions
inner join records as one
    on decisions.left_source_system = one.source_system and decisions.left_record_id = one.source_record_id
inner join records as other
    on decisions.right_source_system = other.source_system and decisions.right_record_id = other.source_record_id
where one.profile_id <> other.profile_id
group by
    least(one.profile_id, other.profile_id),
    greatest(one.profile_id, other.profile_id),
    decisions.kind
