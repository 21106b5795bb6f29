-- One row per person and unbroken stretch of days on which one condition of the stage machine
-- holds: recently touched (three kinds), ever in contact, application open, membership paused.
-- closes_on is the first day on which the condition no longer holds.
with touchpoints as (

    select * from {{ ref('fct_touchpoint') }}

),

changes as (

    select * from {{ ref('int_membership_changes__identified') }}

),

touch_days as (

    select
        member_key,
        touch_date,
        max(case when is_meaningful then 1 else 0 end) as is_meaningful,
        max(case when is_high_intent then 1 else 0 end) as is_high_intent,
        max(case when is_advocacy then 1 else 0 end) as is_advocacy,
        max(case when is_member_initiated then 1 else 0 end) as is_member_initiated
    from touchpoints
    where
        member_key is not null
        and touch_date <= {{ as_of_date() }}
    group by member_key, touch_date

),

ordered_applications as (

    select
        member_key,
        change_type,
        change_date,
        lead(change_date) over (
            partition by member_key, source_system, source_membership_id
            order by change_date, change_type
        ) as next_change_date
    from changes
    where change_type in ('application_opened', 'application_withdrawn')

),

ordered_pauses as (

    select
        member_key,
        change_type,
        change_date,
        -- 'paused' sorts before 'resumed': paused and resumed on one day is not paused
        lead(change_date) over (
            partition by member_key
            order by change_date, change_type
        ) as next_change_date
    from changes
    where change_type in ('paused', 'resumed')

),

conditions as (

    select
        member_key,
        'meaningful' as window_kind,
        touch_date as opens_on,
        {{ add_days('touch_date', var('dormant_days') + 1) }} as closes_on
    from touch_days
    where is_meaningful = 1
    union all
    select
        member_key,
        'high_intent' as window_kind,
        touch_date as opens_on,
        {{ add_days('touch_date', var('research_days') + 1) }} as closes_on
    from touch_days
    where is_high_intent = 1
    union all
    select
        member_key,
        'advocacy' as window_kind,
        touch_date as opens_on,
        {{ add_days('touch_date', var('advocate_days') + 1) }} as closes_on
    from touch_days
    where is_advocacy = 1
    union all
    select
        member_key,
        'contact' as window_kind,
        min(touch_date) as opens_on,
        {{ forever() }} as closes_on
    from touch_days
    where is_member_initiated = 1
    group by member_key
    union all
    select
        member_key,
        'application' as window_kind,
        change_date as opens_on,
        coalesce(next_change_date, {{ forever() }}) as closes_on
    from ordered_applications
    where change_type = 'application_opened'
    union all
    select
        member_key,
        'pause' as window_kind,
        change_date as opens_on,
        coalesce(next_change_date, {{ forever() }}) as closes_on
    from ordered_pauses
    where change_type = 'paused'

),

preceded as (

    select
        *,
        max(closes_on) over (
            partition by member_key, window_kind
            order by opens_on, closes_on
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from conditions
    where opens_on < closes_on

),

islands as (

    select
        *,
        sum(case when opens_on <= covered_until then 0 else 1 end) over (
            partition by member_key, window_kind
            order by opens_on, closes_on
            rows between unbounded preceding and current row
        ) as island_number
    from preceded

)

select
    member_key,
    window_kind,
    min(opens_on) as opens_on,
    max(closes_on) as closes_on
from islands
group by member_key, window_kind, island_number
