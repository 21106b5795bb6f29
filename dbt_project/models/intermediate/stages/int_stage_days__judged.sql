-- One row per person and breakpoint with the stage that holds from that day on, and why.
-- The rules stand in the order in which they are tried; the first that matches wins.
with breakpoints as (

    select * from {{ ref('int_stage_breakpoints') }}

),

lives as (

    select * from {{ ref('int_stage_lives') }}

),

terms as (

    select * from {{ ref('int_membership_terms__spelled') }}
    where not is_test

),

facts as (

    select
        breakpoints.member_key,
        breakpoints.on_date,
        breakpoints.is_recently_meaningful,
        breakpoints.is_recently_high_intent,
        breakpoints.is_recently_advocating,
        breakpoints.has_been_in_contact,
        breakpoints.is_application_open,
        breakpoints.is_paused,
        breakpoints.tenure_rank,
        lives.is_erased,
        latest_terms.plan_code as latest_plan_code,
        latest_terms.renewal_model as latest_renewal_model,
        furthest_terms.plan_code as furthest_plan_code,
        latest_terms.term_number is not null as has_counting_term,
        coalesce(lives.deceased_on <= breakpoints.on_date, false) as is_deceased,
        coalesce(breakpoints.on_date <= furthest_terms.effective_end_date, false) as is_in_term,
        coalesce(latest_terms.resigned_date <= breakpoints.on_date, false) as has_resigned,
        -- a reinstatement is no new beginning: whoever comes back soon knows the association
        latest_terms.spell_kind in ('join', 'rejoin')
        and breakpoints.on_date
        < {{ add_days('latest_terms.spell_start_date', var('onboarding_days')) }}
            as is_onboarding,
        furthest_terms.renewal_model in ('fixed', 'anniversary')
        and not furthest_terms.is_auto_renew
        and breakpoints.on_date > {{ add_days(
            'furthest_terms.end_date', 0 - var('renewal_window_days')
        ) }}
        and breakpoints.committed_term_number <= furthest_terms.term_number
            as is_renewal_due,
        {{ add_days('furthest_terms.effective_end_date', 'latest_terms.grace_days') }}
            as grace_end_date,
        {{ add_days(
            'furthest_terms.effective_end_date',
            'latest_terms.grace_days + ' ~ var('lapsed_days')
        ) }} as lapsed_end_date
    from breakpoints
    inner join lives on breakpoints.member_key = lives.member_key
    left join terms as latest_terms
        on
            breakpoints.member_key = latest_terms.member_key
            and breakpoints.latest_term_number = latest_terms.term_number
    left join terms as furthest_terms
        on
            breakpoints.member_key = furthest_terms.member_key
            and breakpoints.furthest_end_rank = furthest_terms.end_rank

),

judged as (

    select
        member_key,
        on_date,
        case
            when is_erased then 'erased'
            when is_deceased then 'deceased'
            when not has_counting_term and is_application_open then 'applicant'
            when not has_counting_term and is_recently_high_intent then 'research'
            when not has_counting_term and has_been_in_contact then 'awareness'
            when not has_counting_term then 'prospect'
            when is_in_term and is_paused then 'paused'
            when is_in_term and is_onboarding then 'onboarding'
            when is_in_term and is_renewal_due then 'renewal_due'
            when is_in_term and is_recently_advocating then 'advocate'
            when is_in_term and not is_recently_meaningful then 'dormant'
            when is_in_term then 'engaged'
            when not has_resigned and on_date <= grace_end_date then 'grace'
            when on_date <= lapsed_end_date then 'lapsed'
            else 'former'
        end as stage,
        -- in term the plan of the term that ends last, afterwards the plan of the latest term
        case when is_in_term then furthest_plan_code else latest_plan_code end as plan_code,
        latest_renewal_model,
        tenure_rank,
        has_resigned
    from facts

)

select
    member_key,
    on_date,
    stage,
    plan_code,
    {{ tenure_band_of_rank('tenure_rank') }} as tenure_band,
    -- monthly dues that are overdue: nobody renews such a plan, it just stops being paid
    coalesce(stage = 'grace' and latest_renewal_model = 'continuous', false) as is_in_arrears,
    case
        when stage = 'erased' then 'the person asked to be erased'
        when stage = 'deceased' then 'the person has died'
        when stage = 'applicant' then 'an application is open'
        when stage = 'research'
            then 'showed high interest within {{ var('research_days') }} days'
        when stage = 'awareness' then 'was in touch, but not lately with high interest'
        when stage = 'prospect' then 'known, but never in touch by themselves'
        when stage = 'paused' then 'the membership is paused'
        when stage = 'onboarding'
            then 'joined or rejoined less than {{ var('onboarding_days') }} days ago'
        when stage = 'renewal_due'
            then 'the term ends within {{ var('renewal_window_days') }} days, '
                || 'no next term is committed'
        when stage = 'advocate'
            then 'spoke, volunteered or referred within '
                || '{{ var('advocate_days') }} days'
        when stage = 'dormant'
            then 'no meaningful touch for more than {{ var('dormant_days') }} days'
        when stage = 'engaged'
            then 'a meaningful touch within {{ var('dormant_days') }} days'
        when stage = 'grace' then 'the term has ended, the grace period runs'
        when stage = 'lapsed' and has_resigned then 'the person has resigned'
        when stage = 'lapsed' then 'the grace period ended without renewal'
        else 'left more than {{ var('lapsed_days') }} days after the grace period'
    end as reason
from judged
