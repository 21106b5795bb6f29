-- Pairs a person should look at: what the guard separated (T3 to T5), equal names behind a shared
-- address, equal names at one postal address (T6).
with profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

clusters as (
    select * from {{ ref('int_identity__clusters') }}
),

current_map as (
    select * from {{ ref('int_identity__current') }}
),

pairs as (
    select * from {{ ref('int_identity__pairs') }}
),

shared_contacts as (
    select * from {{ ref('int_identity__shared_contacts') }}
),

clustered as (
    select
        profiles.*,
        clusters.cluster_id,
        clusters.guard_reason
    from profiles
    inner join clusters on profiles.profile_id = clusters.profile_id
),

separated as (
    select
        pairs.profile_a,
        pairs.profile_b,
        one.guard_reason as reason,
        pairs.rule_id
    from pairs
    inner join clustered as one on pairs.profile_a = one.profile_id
    where one.guard_reason is not null
),

sharing as (
    select clustered.*
    from clustered
    inner join shared_contacts
        on clustered.email_key = shared_contacts.contact_value and shared_contacts.contact_kind = 'email'
    where shared_contacts.reason <> 'crowd' and clustered.first_key is not null
),

shared_emails as (
    select
        one.profile_id as profile_a,
        other.profile_id as profile_b,
        'shared_email' as reason,
        'T3' as rule_id
    from sharing as one
    inner join sharing as other
        on
            one.email_key = other.email_key
            and one.first_key = other.first_key
            and one.profile_id < other.profile_id
),

addresses as (
    select
        min(profile_id) over (partition by first_key, last_key, street_key, postal_key) as profile_a,
        profile_id as profile_b,
        'same_name_and_address' as reason,
        'T6' as rule_id
    from clustered
    where
        first_key is not null and last_key is not null and street_key is not null and postal_key is not null
),

undecided as (
    select * from separated
    union all
    select * from shared_emails
    union all
    select * from addresses
),

named as (
    select
        undecided.reason,
        undecided.rule_id,
        one.source_system as left_source_system,
        one.sample_record_id as left_record_id,
        other.source_system as right_source_system,
        other.sample_record_id as right_record_id
    from undecided
    inner join clustered as one on undecided.profile_a = one.profile_id
    inner join clustered as other on undecided.profile_b = other.profile_id
    where one.cluster_id <> other.cluster_id
)

select
    {{ surrogate_key([
        'named.left_source_system', 'named.left_record_id', 'named.right_source_system', 'named.right_record_id'
    ]) }} as review_id,
    min(named.reason) as reason,
    min(named.rule_id) as rule_id,
    named.left_source_system,
    named.left_record_id,
    left_map.member_key as left_member_key,
    named.right_source_system,
    named.right_record_id,
    right_map.member_key as right_member_key
from named
inner join current_map as left_map
    on named.left_source_system = left_map.source_system and named.left_record_id = left_map.source_record_id
inner join current_map as right_map
    on named.right_source_system = right_map.source_system and named.right_record_id = right_map.source_record_id
group by
    named.left_source_system,
    named.left_record_id,
    left_map.member_key,
    named.right_source_system,
    named.right_record_id,
    right_map.member_key
