-- The widest set of profiles that could come out as one person: what the rules join, and what people
-- have linked beyond that. Only within it can two profiles contradict each other.
with bridged as (
    {{ connected_components(ref('int_identity__bridges')) }}
),

labels as (
    select * from {{ ref('int_identity__labels') }}
),

linked as (
    select
        profile_id,
        label_id
    from labels
    union all
    -- Profiles that no rule ties to anybody, but a person does.
    select
        bridged.node_id as profile_id,
        bridged.node_id as label_id
    from bridged
    left join labels on bridged.node_id = labels.profile_id
    where labels.profile_id is null
)

select
    linked.profile_id,
    linked.label_id,
    coalesce(bridged.component_id, linked.label_id) as reach_id
from linked
left join bridged on linked.label_id = bridged.node_id
