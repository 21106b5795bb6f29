-- One row per person and unbroken time with the same plan and tenure band.
-- It lies beside dim_member, which keeps one row per person: what changes there are names and
-- addresses, whose former values nobody may need again, and facts are joined to it without a date.
with terms as (

    select * from {{ ref('int_membership_terms__spelled') }}
    where not is_test and start_date <= {{ as_of_date() }}

),

-- the days that a term adds to what the terms before it have covered
added as (

    select
        member_key,
        term_number,
        greatest(start_date, coalesce({{ add_days('covered_until_date', 1) }}, start_date)) as first_added_date,
        effective_end_date
    from terms

),

counted as (

    select
        *,
        coalesce(sum(greatest(0, {{ days_between('first_added_date', 'effective_end_date') }} + 1)) over (
            partition by member_key
            order by term_number
            rows between unbounded preceding and 1 preceding
        ), 0) as days_before
    from added

),

bands as (

    {%- for band, days in [('new', 0), ('developing', 365), ('established', 1095), ('legacy', 3650)] %}
    select
        member_key,
        '{{ band }}' as tenure_band,
        {{ loop.index }} as band_rank,
        min({{ add_days('first_added_date', 'cast(greatest(0, ' ~ days ~ ' - 1 - days_before) as integer)') }})
            as reached_date
    from counted
    where
        days_before + {{ days_between('first_added_date', 'effective_end_date') }} + 1 >= {{ days }}
        and effective_end_date >= first_added_date
    group by member_key
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

changes as (

    select
        member_key,
        start_date as on_date
    from terms
    union distinct
    select
        member_key,
        {{ add_days('effective_end_date', 1) }} as on_date
    from terms
    where effective_end_date < {{ as_of_date() }}
    union distinct
    select
        member_key,
        reached_date as on_date
    from bands
    where reached_date <= {{ as_of_date() }}

),

planned as (

    select
        changes.member_key,
        changes.on_date,
        terms.plan_code,
        row_number() over (
            partition by changes.member_key, changes.on_date
            order by terms.effective_end_date desc, terms.term_number desc
        ) as precedence
    from changes
    left join terms
        on
            changes.member_key = terms.member_key
            and changes.on_date >= terms.start_date
            and changes.on_date <= terms.effective_end_date

),

banded as (

    select
        planned.member_key,
        planned.on_date,
        planned.plan_code,
        max(bands.band_rank) as band_rank
    from planned
    left join bands
        on planned.member_key = bands.member_key and planned.on_date >= bands.reached_date
    where planned.precedence = 1
    group by planned.member_key, planned.on_date, planned.plan_code

),

compared as (

    select
        *,
        lag(coalesce(plan_code, '')) over (partition by member_key order by on_date) as plan_before,
        lag(band_rank) over (partition by member_key order by on_date) as band_before
    from banded

),

versions as (

    select
        *,
        lead(on_date) over (partition by member_key order by on_date) as valid_to
    from compared
    where
        plan_before is null
        or plan_before <> coalesce(plan_code, '')
        or band_before <> band_rank

)

select
    {{ surrogate_key(['member_key', 'on_date']) }} as member_sk,
    member_key,
    plan_code,
    case band_rank
        when 1 then 'new'
        when 2 then 'developing'
        when 3 then 'established'
        else 'legacy'
    end as tenure_band,
    plan_code is not null as is_in_term,
    valid_to is null as is_current,
    on_date as valid_from,
    valid_to
from versions
