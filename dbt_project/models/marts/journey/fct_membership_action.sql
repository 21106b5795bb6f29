-- One row per thing a person did with a membership, or that happened to it: join, renew, upgrade,
-- downgrade, transfer, reinstate, rejoin, pause, resign, lapse. A death is no action.
with terms as (

    select
        *,
        row_number() over (partition by member_key, spell_no order by term_number) as place_in_spell
    from {{ ref('int_membership_terms__concluded') }}
    where not is_test

),

priced as (

    select
        term_id,
        plan_code,
        -- what a year costs; a term without end has no yearly price
        case
            when end_date is not null
                then amount_minor * 365.0 / ({{ days_between('start_date', 'end_date') }} + 1)
        end as yearly_price,
        end_date is null as is_for_ever
    from {{ ref('int_membership_terms') }}

),

changes as (

    select * from {{ ref('int_membership_changes__identified') }}
    where change_type = 'paused' and change_date <= {{ as_of_date() }}

),

begun as (

    select
        terms.term_id as source_key,
        terms.member_key,
        case
            when terms.place_in_spell = 1 and terms.spell_kind in ('join', 'rejoin') then terms.spell_kind
            when terms.place_in_spell = 1 then 'reinstate'
            when terms.plan_code = before.plan_code then 'renew'
            when own.is_for_ever or own.yearly_price > before.yearly_price then 'upgrade'
            when before.is_for_ever or own.yearly_price < before.yearly_price then 'downgrade'
            else 'transfer'
        end as action,
        terms.term_id,
        terms.prev_term_id,
        terms.plan_code,
        before.plan_code as prev_plan_code,
        cast(null as {{ dbt.type_string() }}) as exit_type,
        terms.committed_date as action_date,
        terms.known_at
    from terms
    inner join priced as own on terms.term_id = own.term_id
    left join priced as before on terms.prev_term_id = before.term_id

),

ended as (

    select
        term_id as source_key,
        member_key,
        case when exit_type = 'resign' then 'resign' else 'lapse' end as action,
        term_id,
        prev_term_id,
        plan_code,
        cast(null as {{ dbt.type_string() }}) as prev_plan_code,
        exit_type,
        {{ add_days('effective_end_date', 1) }} as action_date,
        -- that nobody renewed is known only when the grace period is over
        case
            when exit_type = 'resign' then known_at
            else greatest(known_at, {{ day_start_utc(add_days('effective_end_date', 'grace_days + 1')) }})
        end as known_at
    from terms
    where exit_type in ('resign', 'lapse', 'involuntary')

),

paused as (

    select
        {{ surrogate_key(['source_system', 'source_change_id']) }} as source_key,
        member_key,
        'pause' as action,
        cast(null as {{ dbt.type_string() }}) as term_id,
        cast(null as {{ dbt.type_string() }}) as prev_term_id,
        cast(null as {{ dbt.type_string() }}) as plan_code,
        cast(null as {{ dbt.type_string() }}) as prev_plan_code,
        cast(null as {{ dbt.type_string() }}) as exit_type,
        change_date as action_date,
        known_at
    from changes

),

unioned as (

    select * from begun
    union all
    select * from ended
    union all
    select * from paused

)

select
    {{ surrogate_key(['source_key', 'action']) }} as action_id,
    member_key,
    action,
    term_id,
    prev_term_id,
    plan_code,
    prev_plan_code,
    exit_type,
    action_date,
    known_at
from unioned
