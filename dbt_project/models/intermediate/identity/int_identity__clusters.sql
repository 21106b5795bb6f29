-- A component the guard refused keeps only its strong links (T0 to T2); the rest waits for a person.
with strong_labels as (
    {{ connected_components(ref('int_identity__strong_pairs')) }}
),

profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

components as (
    select * from {{ ref('int_identity__components') }}
)

select
    profiles.profile_id,
    case
        when components.profile_id is null then profiles.profile_id
        when components.guard_reason is null then components.component_id
        else coalesce(strong_labels.component_id, profiles.profile_id)
    end as cluster_id,
    components.guard_reason
from profiles
left join components on profiles.profile_id = components.profile_id
left join strong_labels on profiles.profile_id = strong_labels.node_id
