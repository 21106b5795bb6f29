-- The last day on which a profile did something itself, for the few profiles that could be one person
-- with somebody who has died: an order, an answer, a membership taken up.
with records as (
    select * from {{ ref('int_identity__records') }}
),

reach as (
    select * from {{ ref('int_identity__reach') }}
),

deaths as (
    select
        reach.reach_id,
        min(records.deceased_on) as deceased_on
    from reach
    inner join records on reach.profile_id = records.profile_id
    where records.deceased_on is not null
    group by reach.reach_id
),

suspects as (
    select
        reach.reach_id,
        reach.profile_id,
        records.source_system,
        records.source_record_id,
        records.record_kind,
        records.created_at
    from deaths
    inner join reach on deaths.reach_id = reach.reach_id
    inner join records on reach.profile_id = records.profile_id
),

acts as (
    select
        source_system,
        source_record_id,
        registered_at as acted_at
    from {{ ref('conformed__registrations') }}
    union all
    select
        source_system,
        source_record_id,
        responded_at as acted_at
    from {{ ref('conformed__surveys') }}
    union all
    select
        source_system,
        source_record_id,
        cast(committed_date as timestamp) as acted_at
    from {{ ref('conformed__membership_terms') }}
),

of_suspects as (
    select
        suspects.reach_id,
        suspects.profile_id,
        acts.acted_at
    from suspects
    inner join acts
        on suspects.source_system = acts.source_system and suspects.source_record_id = acts.source_record_id
    union all
    -- Nobody but the person makes these records; a contact may be entered by anybody at any time.
    select
        reach_id,
        profile_id,
        created_at as acted_at
    from suspects
    where record_kind in ('attendee', 'respondent', 'subscriber') and created_at < cast('9999-12-31' as timestamp)
)

select
    reach_id,
    profile_id,
    cast(max(acted_at) as date) as last_active_on
from of_suspects
group by reach_id, profile_id
