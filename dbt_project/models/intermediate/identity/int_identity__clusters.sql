-- The parts, joined as people have decided. Links by hand that together join what cannot be one person
-- do not hold, unless they were forced over exactly that.
with linked as (
    {{ connected_components(ref('int_identity__manual_links')) }}
),

forced as (
    {{ connected_components(ref('int_identity__manual_links'), 'is_forced') }}
),

parts as (
    select * from {{ ref('int_identity__parts') }}
),

reached as (
    select
        parts.profile_id,
        linked.component_id
    from parts
    inner join linked on parts.part_id = linked.node_id
),

conflicts as (
    select
        one.component_id,
        min(cannot_links.reason) as reason
    from {{ ref('int_identity__cannot_links') }} as cannot_links
    inner join reached as one on cannot_links.profile_a = one.profile_id
    inner join reached as other
        on cannot_links.profile_b = other.profile_id and one.component_id = other.component_id
    group by one.component_id
)

select
    parts.profile_id,
    case
        when linked.node_id is null then parts.part_id
        when conflicts.component_id is null then linked.component_id
        else coalesce(forced.component_id, parts.part_id)
    end as cluster_id,
    coalesce(parts.guard_reason, conflicts.reason) as guard_reason
from parts
left join linked on parts.part_id = linked.node_id
left join conflicts on linked.component_id = conflicts.component_id
left join forced on parts.part_id = forced.node_id
