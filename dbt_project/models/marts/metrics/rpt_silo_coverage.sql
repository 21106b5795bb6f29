-- One row per number of systems in which people appear, members and others apart.
with people as (

    select * from {{ ref('mart_member_360') }}

)

select
    case when is_active_member then 'members' else 'others' end as audience,
    cast(systems_seen as integer) as systems_seen,
    count(*) as people,
    as_of_date
from people
group by is_active_member, systems_seen, as_of_date
