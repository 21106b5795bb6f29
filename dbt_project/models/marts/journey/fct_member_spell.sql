-- One row per person and unbroken membership (spell).
with terms as (

    select * from {{ ref('fct_membership_term') }}
    where not is_test

),

ranked as (

    select
        *,
        row_number() over (
            partition by member_key, spell_no
            order by term_number desc
        ) as from_last
    from terms

),

spells as (

    select
        member_key,
        spell_no,
        spell_kind,
        spell_start_date,
        cast(count(*) as integer) as term_count,
        min(term_number) as first_term_number,
        max(term_number) as last_term_number,
        max(case when from_last = 1 then exit_type end) as exit_type,
        max(case when from_last = 1 then plan_code end) as last_plan_code,
        max(case when from_last = 1 then exit_date end) as exit_date,
        max(coalesce(effective_end_date, {{ forever() }})) as covered_until_date,
        min(known_at) as known_at
    from ranked
    group by member_key, spell_no, spell_kind, spell_start_date

)

select
    {{ dbt.hash(dbt.concat(['member_key', "'|'", dbt.cast('spell_no', dbt.type_string())])) }}
        as spell_id,
    member_key,
    spell_kind,
    exit_type,
    last_plan_code,
    spell_no,
    term_count,
    first_term_number,
    last_term_number,
    exit_type is null as is_open,
    spell_start_date,
    case when covered_until_date < {{ forever() }} then covered_until_date end
        as covered_until_date,
    exit_date,
    known_at
from spells
