with redirects as (
    select * from {{ ref('person_key_redirect') }}
),

members as (
    select distinct member_key
    from {{ ref('dim_member') }}
)

select
    redirects.old_person_key,
    redirects.person_key
from redirects
left join members as targets on redirects.person_key = targets.member_key
left join members as ghosts on redirects.old_person_key = ghosts.member_key
where targets.member_key is null or ghosts.member_key is not null
