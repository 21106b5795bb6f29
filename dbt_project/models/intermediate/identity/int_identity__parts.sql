-- What the rules make of each profile. A component that the guard refused falls back to its strong links
-- (T0 to T2); if these join what cannot be one person, to the links a system states outright (T0 and
-- T1); if these do too, to single profiles. Everything else waits for a person.
with strong_labels as (
    {{ connected_components(ref('int_identity__strong_pairs')) }}
),

stated_labels as (
    {{ connected_components(ref('int_identity__strong_pairs'), "rule_id in ('T0', 'T1')") }}
),

cannot_links as (
    select * from {{ ref('int_identity__cannot_links') }}
),

profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

components as (
    select * from {{ ref('int_identity__components') }}
),

strong_conflicts as (
    select distinct one.component_id
    from cannot_links
    inner join strong_labels as one on cannot_links.profile_a = one.node_id
    inner join strong_labels as other
        on cannot_links.profile_b = other.node_id and one.component_id = other.component_id
),

stated_conflicts as (
    select distinct one.component_id
    from cannot_links
    inner join stated_labels as one on cannot_links.profile_a = one.node_id
    inner join stated_labels as other
        on cannot_links.profile_b = other.node_id and one.component_id = other.component_id
)

select
    profiles.profile_id,
    case
        when components.profile_id is null then profiles.profile_id
        when components.guard_reason is null then components.component_id
        when strong_labels.node_id is null then profiles.profile_id
        when strong_conflicts.component_id is null then strong_labels.component_id
        when stated_labels.node_id is null or stated_conflicts.component_id is not null then profiles.profile_id
        else stated_labels.component_id
    end as part_id,
    components.guard_reason
from profiles
left join components on profiles.profile_id = components.profile_id
left join strong_labels on profiles.profile_id = strong_labels.node_id
left join strong_conflicts on strong_labels.component_id = strong_conflicts.component_id
left join stated_labels on profiles.profile_id = stated_labels.node_id
left join stated_conflicts on stated_labels.component_id = stated_conflicts.component_id
