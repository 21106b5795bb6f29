-- One row per person: from which day the history runs, and what ends it.
with members as (

    select * from {{ ref('dim_member') }}
    where is_current

),

people as (

    select * from {{ ref('conformed__people') }}

),

identity as (

    select * from {{ ref('int_identity__current') }}

),

touchpoints as (

    select * from {{ ref('fct_touchpoint') }}

),

terms as (

    select * from {{ ref('int_membership_terms') }}

),

changes as (

    select * from {{ ref('int_membership_changes__identified') }}

),

sightings as (

    select
        identity.member_key,
        {{ local_date('people.created_at') }} as seen_on
    from people
    inner join identity
        on
            people.source_system = identity.source_system
            and people.source_record_id = identity.source_record_id
    where identity.is_record_current
    union all
    select
        member_key,
        touch_date as seen_on
    from touchpoints
    where is_member_initiated
    union all
    select
        member_key,
        start_date as seen_on
    from terms
    where not is_test
    union all
    select
        member_key,
        change_date as seen_on
    from changes
    where change_type = 'application_opened'

),

first_seen as (

    select
        member_key,
        min(seen_on) as first_seen_date
    from sightings
    group by member_key

)

select
    members.member_key,
    members.is_erased,
    -- a person without any date is seen today for the first time
    coalesce(first_seen.first_seen_date, {{ as_of_date() }}) as first_seen_date,
    members.deceased_on
from members
left join first_seen on members.member_key = first_seen.member_key
