-- One row per open journey instance: who is in which stage of which journey, and what is next.
with visits as (

    select * from {{ ref('fct_journey_stage') }}
    where is_open

),

stages as (

    select * from {{ ref('dim_journey_stage') }}

)

select
    visits.instance_id,
    visits.member_key,
    visits.segment_id,
    visits.journey_id,
    visits.journey_version,
    visits.stage_id,
    visits.owner_type,
    visits.owner_team,
    stages.next_action,
    stages.support_level,
    visits.days_in_stage,
    visits.pace_percentile,
    visits.is_sla_breached,
    visits.is_stalled,
    visits.entered_date,
    visits.due_date
from visits
inner join stages
    on
        visits.journey_id = stages.journey_id
        and visits.journey_version = stages.journey_version
        and visits.stage_no = stages.stage_no
