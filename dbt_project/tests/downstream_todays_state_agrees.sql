-- What the state history says of today is what the member table says: two ways to the same stage, plan
-- and tenure band.
select
    members.member_key,
    members.stage,
    states.stage as state_stage,
    members.plan_code,
    states.plan_code as state_plan_code,
    members.tenure_band,
    states.tenure_band as state_tenure_band
from {{ ref('mart_member_360') }} as members
inner join {{ ref('fct_member_state_history') }} as states
    on members.member_key = states.member_key
where
    states.valid_to is null
    and (
        members.stage <> states.stage
        or members.plan_code is distinct from states.plan_code
        or members.tenure_band <> states.tenure_band
    )
