-- Changes of stage that the rules cannot produce. Nobody comes back from death or erasure, a person
-- who was ever a member is no prospect any more, a running membership never turns into a new one,
-- and nobody becomes former without having lapsed (unless the term was entered years too late).
with history as (

    select * from {{ ref('fct_lifecycle_stage_history') }}
    where prev_stage is not null

)

select
    member_key,
    prev_stage,
    stage,
    valid_from
from history
where
    prev_stage in ('deceased', 'erased')
    or stage = 'erased'
    or (
        stage in ('prospect', 'awareness', 'research', 'applicant')
        and prev_stage not in ('prospect', 'awareness', 'research', 'applicant')
    )
    or (stage = 'prospect' and prev_stage <> 'applicant')
    or (
        stage = 'onboarding'
        and prev_stage in ('engaged', 'advocate', 'dormant', 'renewal_due')
    )
    or (
        stage = 'former'
        and prev_stage in (
            'onboarding', 'engaged', 'advocate', 'dormant', 'renewal_due', 'paused', 'grace'
        )
    )
