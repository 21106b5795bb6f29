-- Every person record of every source is in exactly one person, and nothing else is.
with people as (
    select
        source_system,
        source_record_id,
        count(*) as people_rows
    from {{ ref('conformed__people') }}
    where not is_organisation
    group by source_system, source_record_id
),

mapped as (
    select
        source_system,
        source_record_id,
        count(distinct member_key) as persons
    from {{ ref('int_identity__current') }}
    where is_record_current
    group by source_system, source_record_id
)

select
    coalesce(people.source_system, mapped.source_system) as source_system,
    coalesce(people.source_record_id, mapped.source_record_id) as source_record_id,
    people.people_rows,
    mapped.persons
from people
full outer join mapped
    on people.source_system = mapped.source_system and people.source_record_id = mapped.source_record_id
where
    coalesce(people.people_rows, 0) <> 1
    or coalesce(mapped.persons, 0) <> 1
