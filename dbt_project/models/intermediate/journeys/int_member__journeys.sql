-- One row per person in at least one open journey: how many, and the most urgent next action.
with current_stages as (

    select * from {{ ref('mart_journey_members') }}

),

ranked as (

    select
        *,
        count(*) over (partition by member_key) as open_journeys,
        row_number() over (
            partition by member_key
            order by due_date, journey_id, instance_id
        ) as by_urgency
    from current_stages

)

select
    member_key,
    open_journeys,
    next_action,
    owner_team as next_action_owner,
    due_date as next_action_due_date
from ranked
where by_urgency = 1
