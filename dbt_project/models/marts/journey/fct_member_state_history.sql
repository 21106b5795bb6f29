-- One row per person and unbroken stretch of days with the same stage, plan, tenure band and
-- arrears. The stage history and every snapshot are read from here.
with judged as (

    select * from {{ ref('int_stage_days__judged') }}

),

compared as (

    select
        *,
        lag(stage) over days as stage_before,
        lag(plan_code) over days as plan_code_before,
        lag(tenure_band) over days as tenure_band_before,
        lag(is_in_arrears) over days as was_in_arrears
    from judged
    window days as (partition by member_key order by on_date)

),

changed as (

    select * from compared
    where
        stage_before is null
        or stage_before <> stage
        or plan_code_before is distinct from plan_code
        or tenure_band_before <> tenure_band
        or was_in_arrears <> is_in_arrears

)

select
    member_key,
    stage,
    case when stage_before <> stage then stage_before end as prev_stage,
    plan_code,
    tenure_band,
    reason,
    is_in_arrears,
    stage_before is null or stage_before <> stage as is_stage_entered,
    coalesce(lead(stage) over states <> stage, false) as is_stage_left,
    on_date as valid_from,
    lead(on_date) over states as valid_to
from changed
window states as (partition by member_key order by on_date)
