-- One row per person and day of the last {{ var('snapshot_days') }} days: a view, because the
-- same days as a table cost more to write every night than to ask (docs/DECISIONLOG.md, "Snapshots").
{{ config(materialized='view') }}
with states as (

    select * from {{ ref('fct_member_state_history') }}

),

days as (

    {{ days_back(var('snapshot_days')) }}

)

select
    states.member_key,
    states.stage,
    states.plan_code,
    states.tenure_band,
    states.is_in_arrears,
    days.day_date
from days
inner join states
    on
        days.day_date >= states.valid_from
        and (days.day_date < states.valid_to or states.valid_to is null)
