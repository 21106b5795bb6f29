-- One row per milestone of a person's memberships and events, with what it is about. Days are given
-- as the moment they begin. A term that the person need not renew has no renewal_due.
{{ config(materialized='view') }}
with terms as (

    select * from {{ ref('fct_membership_term') }}
    where not is_test

),

spells as (

    select * from {{ ref('fct_member_spell') }}

),

registrations as (

    select * from {{ ref('fct_event_registration') }}
    where
        member_key is not null
        and attendance not in ('cancelled', 'event_cancelled', 'expired')

),

following as (

    select
        *,
        lead(spell_start_date) over (partition by member_key order by spell_no)
            as next_spell_start_date
    from spells

),

spell_days as (

    select
        case spell_kind
            when 'join' then 'first_join'
            when 'rejoin' then 'rejoin'
            else 'reinstated'
        end as milestone,
        member_key,
        spell_id,
        spell_start_date as on_date
    from spells
    union all
    select
        'returned' as milestone,
        member_key,
        spell_id,
        next_spell_start_date as on_date
    from following
    where next_spell_start_date is not null

),

term_days as (

    select
        'renewal_due' as milestone,
        member_key,
        spell_no,
        term_id,
        end_date as on_date
    from terms
    where
        renewal_model in ('fixed', 'anniversary')
        and not is_auto_renew
        and coalesce(exclusion_reason, '') not in ('not_renewable', 'superseded')
    union all
    select
        'renewed' as milestone,
        member_key,
        spell_no,
        term_id,
        next_committed_date as on_date
    from terms
    where next_committed_date is not null
    union all
    select
        'resigned' as milestone,
        member_key,
        spell_no,
        term_id,
        resigned_date as on_date
    from terms
    where resigned_date is not null
    union all
    -- nobody calls it lapsed while the door is still open
    select
        'lapsed' as milestone,
        member_key,
        spell_no,
        term_id,
        {{ add_days('grace_end_date', 1) }} as on_date
    from terms
    where exit_type in ('lapse', 'involuntary')

)

select
    milestone,
    member_key,
    spell_id,
    cast(null as varchar) as term_id,
    cast(null as varchar) as event_id,
    {{ day_start_utc('on_date') }} as occurred_at
from spell_days
union all
select
    term_days.milestone,
    term_days.member_key,
    spells.spell_id,
    term_days.term_id,
    cast(null as varchar) as event_id,
    {{ day_start_utc('term_days.on_date') }} as occurred_at
from term_days
inner join spells
    on
        term_days.member_key = spells.member_key
        and term_days.spell_no = spells.spell_no
union all
select
    'event_starts' as milestone,
    member_key,
    cast(null as varchar) as spell_id,
    cast(null as varchar) as term_id,
    {{ dbt.concat(['source_system', "':'", 'source_event_id']) }} as event_id,
    event_starts_at as occurred_at
from registrations
union all
select
    'event_ends' as milestone,
    member_key,
    cast(null as varchar) as spell_id,
    cast(null as varchar) as term_id,
    {{ dbt.concat(['source_system', "':'", 'source_event_id']) }} as event_id,
    event_ends_at as occurred_at
from registrations
