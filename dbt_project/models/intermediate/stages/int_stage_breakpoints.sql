-- One row per person and day on which the stage may change, with what is known on that day.
-- As-of logic without as-of joins: every fact becomes an event on the day it starts or stops to
-- hold, and one running window carries all of them forward.
{%- set windows = ['meaningful', 'high_intent', 'advocacy', 'contact', 'application', 'pause'] %}
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

tenure_steps as (

    select * from {{ ref('int_tenure_steps') }}

),

-- a term counts from the day on which it has both begun and been committed to
counting_terms as (

    select
        *,
        case
            when committed_date > start_date then committed_date
            else start_date
        end as counts_from_date
    from terms

),

-- facts without a name only mark a day on which a rule may change its mind
events as (

    select
        member_key,
        counts_from_date as on_date,
        'latest_term' as fact,
        term_number as amount
    from counting_terms
    union all
    select
        member_key,
        counts_from_date as on_date,
        'furthest_end' as fact,
        end_rank as amount
    from counting_terms
    union all
    select
        member_key,
        committed_date as on_date,
        'committed_term' as fact,
        term_number as amount
    from counting_terms
    {%- for day in [
        add_days('effective_end_date', 1),
        add_days('effective_end_date', 'grace_days + 1'),
        add_days('effective_end_date', 'grace_days + 1 + ' ~ var('lapsed_days')),
        add_days('end_date', 1 - var('renewal_window_days')),
        add_days('spell_start_date', var('onboarding_days')),
        'resigned_date',
    ] %}
    union all
    select
        member_key,
        {{ day }} as on_date,
        null as fact,
        0 as amount
    from counting_terms
    {%- endfor %}
    {%- for day in ['first_seen_date', 'deceased_on'] %}
    union all
    select
        member_key,
        {{ day }} as on_date,
        null as fact,
        0 as amount
    from lives
    {%- endfor %}
    union all
    select
        member_key,
        on_date,
        'tenure' as fact,
        tenure_rank as amount
    from tenure_steps
    union all
    select
        member_key,
        opens_on as on_date,
        window_kind as fact,
        1 as amount
    from windows
    union all
    select
        member_key,
        closes_on as on_date,
        window_kind as fact,
        -1 as amount
    from windows

),

-- what was known before the person was first seen is known on that day
days as (

    select
        events.member_key,
        case
            when events.on_date < lives.first_seen_date then lives.first_seen_date
            else events.on_date
        end as on_date,
        {%- for window in windows %}
        sum(case when events.fact = '{{ window }}' then events.amount else 0 end)
            as {{ window }}_step,
        {%- endfor %}
        max(case when events.fact = 'latest_term' then events.amount end) as latest_term_number,
        max(case when events.fact = 'furthest_end' then events.amount end) as furthest_end_rank,
        max(case when events.fact = 'committed_term' then events.amount end)
            as committed_term_number,
        max(case when events.fact = 'tenure' then events.amount end) as tenure_rank
    from events
    inner join lives on events.member_key = lives.member_key
    where
        events.on_date <= {{ as_of_date() }}
        and lives.first_seen_date <= {{ as_of_date() }}
    group by 1, 2

)

select
    member_key,
    max(latest_term_number) over so_far as latest_term_number,
    max(furthest_end_rank) over so_far as furthest_end_rank,
    max(committed_term_number) over so_far as committed_term_number,
    max(tenure_rank) over so_far as tenure_rank,
    sum(meaningful_step) over so_far > 0 as is_recently_meaningful,
    sum(high_intent_step) over so_far > 0 as is_recently_high_intent,
    sum(advocacy_step) over so_far > 0 as is_recently_advocating,
    sum(contact_step) over so_far > 0 as has_been_in_contact,
    sum(application_step) over so_far > 0 as is_application_open,
    sum(pause_step) over so_far > 0 as is_paused,
    on_date
from days
window so_far as (
    partition by member_key
    order by on_date
    rows between unbounded preceding and current row
)
