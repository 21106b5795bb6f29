-- One row per person and day on which the stage may change, with what is known on that day.
-- As-of logic without as-of joins: every fact becomes an event on the day it starts or stops to
-- hold, and one running window carries all of them forward.
with lives as (

    select * from {{ ref('int_stage_lives') }}

),

terms as (

    select * from {{ ref('int_membership_terms__spelled') }}
    where not is_test

),

windows as (

    select * from {{ ref('int_stage_windows') }}

),

-- a term counts from the day on which it has both begun and been committed to
term_events as (

    select
        member_key,
        case
            when committed_date > start_date then committed_date
            else start_date
        end as on_date,
        term_number as counting_term_number,
        end_rank as counting_end_rank,
        null as committed_term_number
    from terms
    union all
    select
        member_key,
        committed_date as on_date,
        null as counting_term_number,
        null as counting_end_rank,
        term_number as committed_term_number
    from terms

),

term_days as (

    select
        member_key,
        {{ add_days('effective_end_date', 1) }} as on_date
    from terms
    union all
    select
        member_key,
        {{ add_days('effective_end_date', 'grace_days + 1') }} as on_date
    from terms
    union all
    select
        member_key,
        {{ add_days(
            'effective_end_date', 'grace_days + 1 + ' ~ var('lapsed_days')
        ) }} as on_date
    from terms
    union all
    select
        member_key,
        {{ add_days('end_date', 1 - var('renewal_window_days')) }} as on_date
    from terms
    union all
    select
        member_key,
        {{ add_days('spell_start_date', var('onboarding_days')) }} as on_date
    from terms
    union all
    select
        member_key,
        resigned_date as on_date
    from terms

),

window_events as (

    select
        member_key,
        window_kind,
        opens_on as on_date,
        1 as step
    from windows
    union all
    select
        member_key,
        window_kind,
        closes_on as on_date,
        -1 as step
    from windows

),

events as (

    select
        member_key,
        on_date,
        counting_term_number,
        counting_end_rank,
        committed_term_number,
        null as window_kind,
        0 as step
    from term_events
    union all
    select
        member_key,
        on_date,
        null as counting_term_number,
        null as counting_end_rank,
        null as committed_term_number,
        null as window_kind,
        0 as step
    from term_days
    union all
    select
        member_key,
        on_date,
        null as counting_term_number,
        null as counting_end_rank,
        null as committed_term_number,
        window_kind,
        step
    from window_events
    union all
    select
        member_key,
        deceased_on as on_date,
        null as counting_term_number,
        null as counting_end_rank,
        null as committed_term_number,
        null as window_kind,
        0 as step
    from lives
    union all
    select
        member_key,
        first_seen_date as on_date,
        null as counting_term_number,
        null as counting_end_rank,
        null as committed_term_number,
        null as window_kind,
        0 as step
    from lives

),

-- what was known before the person was first seen is known on that day
days as (

    select
        events.member_key,
        case
            when events.on_date < lives.first_seen_date then lives.first_seen_date
            else events.on_date
        end as on_date,
        max(events.counting_term_number) as counting_term_number,
        max(events.counting_end_rank) as counting_end_rank,
        max(events.committed_term_number) as committed_term_number,
        sum(case when events.window_kind = 'meaningful' then events.step else 0 end)
            as meaningful_step,
        sum(case when events.window_kind = 'high_intent' then events.step else 0 end)
            as high_intent_step,
        sum(case when events.window_kind = 'advocacy' then events.step else 0 end)
            as advocacy_step,
        sum(case when events.window_kind = 'contact' then events.step else 0 end)
            as contact_step,
        sum(case when events.window_kind = 'application' then events.step else 0 end)
            as application_step,
        sum(case when events.window_kind = 'pause' then events.step else 0 end)
            as pause_step
    from events
    inner join lives on events.member_key = lives.member_key
    where
        events.on_date <= {{ as_of_date() }}
        and lives.first_seen_date <= {{ as_of_date() }}
    group by 1, 2

)

select
    member_key,
    on_date,
    max(counting_term_number) over so_far as latest_term_number,
    max(counting_end_rank) over so_far as furthest_end_rank,
    max(committed_term_number) over so_far as committed_term_number,
    sum(meaningful_step) over so_far > 0 as is_recently_meaningful,
    sum(high_intent_step) over so_far > 0 as is_recently_high_intent,
    sum(advocacy_step) over so_far > 0 as is_recently_advocating,
    sum(contact_step) over so_far > 0 as has_been_in_contact,
    sum(application_step) over so_far > 0 as is_application_open,
    sum(pause_step) over so_far > 0 as is_paused
from days
window so_far as (
    partition by member_key
    order by on_date
    rows between unbounded preceding and current row
)
