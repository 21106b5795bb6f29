-- One row per person and tenure band reached: the day on which the days of membership, gaps left
-- out and overlapping terms counted once, were enough for it.
with terms as (

    select * from {{ ref('int_membership_terms__spelled') }}
    where
        not is_test
        and start_date <= {{ as_of_date() }}

),

lives as (

    select * from {{ ref('int_stage_lives') }}

),

-- the days that a term adds to what the terms before it have covered
added as (

    select
        terms.member_key,
        terms.term_number,
        -- a term counts once begun and committed, and never before the terms it adds to
        max(greatest(terms.start_date, terms.committed_date)) over (
            partition by terms.member_key
            order by terms.term_number
            rows between unbounded preceding and current row
        ) as counts_from_date,
        greatest(
            terms.start_date,
            coalesce({{ add_days('terms.covered_until_date', 1) }}, terms.start_date)
        ) as first_added_date,
        least(terms.effective_end_date, coalesce(lives.deceased_on, {{ forever() }}))
            as last_added_date
    from terms
    inner join lives on terms.member_key = lives.member_key

),

counted as (

    select
        *,
        greatest(0, {{ days_between('first_added_date', 'last_added_date') }} + 1) as days_added
    from added

),

summed as (

    select
        *,
        coalesce(sum(days_added) over (
            partition by member_key
            order by term_number
            rows between unbounded preceding and 1 preceding
        ), 0) as days_before
    from counted

)

{% for band, days in var('tenure_bands').items() -%}
{% if loop.first -%}
select
    member_key,
    {{ loop.index }} as tenure_rank,
    min(counts_from_date) as on_date
from summed
group by member_key
{% else -%}
union all
select
    member_key,
    {{ loop.index }} as tenure_rank,
    greatest(
        counts_from_date,
        {{ add_days('first_added_date', 'cast(' ~ days ~ ' - days_before - 1 as integer)') }}
    ) as on_date
from summed
where
    days_before < {{ days }}
    and days_before + days_added >= {{ days }}
{% endif -%}
{% endfor %}
