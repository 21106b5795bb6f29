{{ config(severity='warn') }}
-- Some payments or cases name a record that is unknown; more than one in a hundred means that a
-- source of people is missing or was read in part.
select
    source_system,
    activity,
    count(*) as touchpoints,
    count(*) - count(member_key) as without_member
from {{ ref('fct_touchpoint') }}
group by source_system, activity
having count(*) - count(member_key) > 10 and (count(*) - count(member_key)) * 100 > count(*)
