-- Every person of dim_member is in the member table, and nobody else.
with members as (

    select member_key from {{ ref('dim_member') }}

),

described as (

    select member_key from {{ ref('mart_member_360') }}

)

select
    members.member_key as known_key,
    described.member_key as described_key
from members
full outer join described on members.member_key = described.member_key
where
    members.member_key is null
    or described.member_key is null
