-- One row per person and last day of a month since the person was first seen: a view, like
-- snap_member_day. The engagement score of those days, where there is one, stands beside them.
{{ config(materialized='view') }}
with states as (

    select * from {{ ref('fct_member_state_history') }}

),

scores as (

    select * from {{ ref('fct_engagement_score') }}

),

month_ends as (

    {{ month_ends_back(999) }}

),

snapshots as (

    select
        states.member_key,
        states.stage,
        states.plan_code,
        states.tenure_band,
        states.is_in_arrears,
        month_ends.month_end_date
    from month_ends
    inner join states
        on
            month_ends.month_end_date >= states.valid_from
            and (month_ends.month_end_date < states.valid_to or states.valid_to is null)

)

select
    snapshots.member_key,
    snapshots.stage,
    snapshots.plan_code,
    snapshots.tenure_band,
    scores.engagement_band,
    snapshots.is_in_arrears,
    scores.engagement_score,
    snapshots.month_end_date
from snapshots
left join scores
    on
        snapshots.member_key = scores.member_key
        and snapshots.month_end_date = scores.scored_on_date
