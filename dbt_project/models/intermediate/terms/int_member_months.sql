-- One row per paid term: the month ends at which it makes its holder a member; none if it ends first.
-- A member is in a term that has begun and was committed to, or in its grace period. The months of a
-- person's terms do not overlap: from the month in which the next term counts, its plan counts.
with terms as (

    select * from {{ ref('fct_membership_term') }}
    where not is_test

),

members as (

    select * from {{ ref('dim_member') }}
    where is_current

),

dated as (

    select
        terms.term_id,
        terms.member_key,
        terms.plan_code,
        terms.term_number,
        terms.spell_start_date,
        greatest(terms.start_date, terms.committed_date) as counts_from,
        coalesce(terms.effective_end_date, {{ forever() }}) as effective_end_date,
        case
            when terms.effective_end_date is null then {{ forever() }}
            when not {{ var('retention_counts_grace') }} then terms.effective_end_date
            when terms.resigned_date is null
                then {{ add_days('terms.effective_end_date', 'terms.grace_days') }}
            else least(
                {{ add_days('terms.effective_end_date', 'terms.grace_days') }},
                {{ add_days('terms.resigned_date', -1) }}
            )
        end as grace_end_date,
        coalesce({{ add_days('members.deceased_on', -1) }}, {{ forever() }}) as lived_until,
        {{ as_of_date() }} as as_of_date
    from terms
    left join members on terms.member_key = members.member_key

),

ordered as (

    select
        *,
        lead(counts_from) over (partition by member_key order by counts_from, term_number)
            as next_counts_from
    from dated
    where counts_from <= as_of_date

),

covered as (

    select
        *,
        -- once the next term counts, nobody is in the grace period of this one
        max(least(
            greatest(
                effective_end_date,
                least(
                    grace_end_date,
                    coalesce({{ add_days('next_counts_from', -1) }}, {{ forever() }})
                )
            ),
            lived_until,
            as_of_date
        )) over (
            partition by member_key
            order by counts_from, term_number
            rows between unbounded preceding and current row
        ) as covered_until
    from ordered
    where counts_from <= lived_until

),

entered as (

    select
        *,
        lag(covered_until) over (partition by member_key order by counts_from, term_number)
            as covered_before
    from covered

)

select
    term_id,
    member_key,
    plan_code,
    {{ month_index('counts_from') }} as first_month,
    -- the month before the one that holds the first day without this term
    least(
        {{ month_index(add_days('covered_until', 1)) }},
        coalesce({{ month_index('next_counts_from') }}, 999999)
    ) - 1 as last_month,
    {{ month_index('spell_start_date') }} as spell_month,
    -- a term committed to after it was over makes nobody a member
    covered_until >= counts_from
    and (covered_before is null or counts_from > {{ add_days('covered_before', 1) }}) as is_entry
from entered
