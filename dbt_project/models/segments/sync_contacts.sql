-- One row per person: who they are and how they are reached, by e-mail, post and phone.
with members as (

    select * from {{ ref('dim_member') }}
    where is_current

),

described as (

    select * from {{ ref('mart_member_360') }}

)

select
    members.member_key,
    members.email,
    members.email_key,
    members.first_name,
    members.last_name,
    members.member_number,
    members.phone_e164,
    members.street,
    members.postal_code,
    members.city,
    described.stage,
    members.is_deceased,
    members.is_erased,
    members.is_email_shared
from members
left join described on members.member_key = described.member_key
