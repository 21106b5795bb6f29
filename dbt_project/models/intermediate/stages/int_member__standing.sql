-- One row per person with a history: the term and the spell that describe them on the as-of day.
-- In term it is the term in force (the one that ends last); afterwards the latest one.
with breakpoints as (

    select * from {{ ref('int_stage_breakpoints') }}

),

terms as (

    select * from {{ ref('int_membership_terms__concluded') }}
    where not is_test

),

latest as (

    select
        *,
        row_number() over (partition by member_key order by on_date desc) as from_last
    from breakpoints

),

chosen as (

    select
        latest.member_key,
        latest.committed_term_number,
        latest_terms.term_number as latest_term_number,
        latest_terms.spell_no,
        latest_terms.spell_kind,
        latest_terms.spell_start_date,
        furthest_terms.effective_end_date >= {{ as_of_date() }} as is_in_term,
        case
            when furthest_terms.effective_end_date >= {{ as_of_date() }}
                then furthest_terms.term_id
            else latest_terms.term_id
        end as term_id
    from latest
    left join terms as latest_terms
        on
            latest.member_key = latest_terms.member_key
            and latest.latest_term_number = latest_terms.term_number
    left join terms as furthest_terms
        on
            latest.member_key = furthest_terms.member_key
            and latest.furthest_end_rank = furthest_terms.end_rank
    where latest.from_last = 1

),

-- days of membership up to the as-of day, overlapping terms counted once
tenures as (

    select
        member_key,
        min(start_date) as member_since_date,
        sum(
            greatest(
                0,
                {{ days_between(
                    'greatest(start_date, coalesce(' ~ add_days('covered_until_date', 1)
                    ~ ', start_date))',
                    'least(effective_end_date, coalesce(deceased_on, ' ~ forever() ~ '), '
                    ~ as_of_date() ~ ')'
                ) }} + 1
            )
        ) as tenure_total_days
    from terms
    where start_date <= {{ as_of_date() }}
    group by member_key

)

select
    chosen.member_key,
    chosen.term_id,
    terms.plan_code,
    terms.plan_name,
    terms.renewal_model,
    chosen.spell_kind,
    case when not chosen.is_in_term then terms.exit_type end as exit_type,
    terms.term_number,
    chosen.spell_no,
    tenures.tenure_total_days,
    coalesce(chosen.is_in_term, false) as is_in_term,
    coalesce(chosen.committed_term_number > terms.term_number, false) as is_next_term_committed,
    coalesce(terms.is_auto_renew, false) as is_auto_renew,
    terms.start_date as term_start_date,
    terms.end_date as term_end_date,
    case when terms.effective_end_date < {{ forever() }} then terms.effective_end_date end
        as effective_end_date,
    chosen.spell_start_date,
    tenures.member_since_date,
    case
        when chosen.is_in_term then null
        when terms.exit_type = 'natural' then terms.deceased_on
        when terms.exit_type is not null then {{ add_days('terms.effective_end_date', 1) }}
    end as exit_date
from chosen
left join terms on chosen.term_id = terms.term_id
left join tenures on chosen.member_key = tenures.member_key
