-- One row per person who ever joined: how long the first membership lasted, or has lasted so far.
with spells as (

    select * from {{ ref('fct_member_spell') }}
    where spell_no = 1

),

touchpoints as (

    select * from {{ ref('fct_touchpoint') }}

),

-- joining itself is no sign of life after joining
first_touches as (

    select
        spells.member_key,
        count(*) as touches
    from spells
    inner join touchpoints on spells.member_key = touchpoints.member_key
    where
        touchpoints.is_member_initiated
        and touchpoints.is_meaningful
        and touchpoints.activity <> 'membership_application'
        and touchpoints.touch_date >= spells.spell_start_date
        and touchpoints.touch_date <= {{ add_days('spells.spell_start_date', 90) }}
    group by spells.member_key

),

dated as (

    select
        spells.member_key,
        spells.spell_start_date as join_date,
        spells.exit_type is not null and spells.exit_type <> 'natural' as has_left,
        coalesce(first_touches.touches, 0) > 0 as is_touched_90d,
        -- the day of leaving, or the last day of which it is known that the person was a member
        case
            when spells.exit_type is not null then spells.exit_date
            when spells.covered_until_date < {{ as_of_date() }} then spells.covered_until_date
            else {{ as_of_date() }}
        end as observed_until_date
    from spells
    left join first_touches on spells.member_key = first_touches.member_key
    where spells.spell_start_date <= {{ as_of_date() }}

)

select
    member_key,
    {{ days_between('join_date', 'observed_until_date') }} as observed_days,
    has_left,
    is_touched_90d,
    {{ days_between('join_date', as_of_date()) }} >= 90 as is_observed_90d,
    join_date
from dated
