-- Every tier is a join on equal values, never a comparison of all with all. A pair that somebody told
-- apart is no pair, whatever a rule says.
with profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

records as (
    select * from {{ ref('int_identity__records') }}
),

shared_contacts as (
    select * from {{ ref('int_identity__shared_contacts') }}
),

decided_apart as (
    select * from {{ ref('int_identity__decided_pairs') }}
    where kind = 'distinct'
),

own_emails as (
    select profiles.*
    from profiles
    left join shared_contacts
        on profiles.email_key = shared_contacts.contact_value and shared_contacts.contact_kind = 'email'
    where profiles.email_key is not null and shared_contacts.contact_value is null
),

usable_numbers as (
    select member_number
    from profiles
    where member_number is not null
    group by member_number
    having count(*) between 2 and {{ var('identity_block_limit') }}
),

numbered as (
    select profiles.*
    from profiles
    inner join usable_numbers on profiles.member_number = usable_numbers.member_number
),

foreign_ids as (
    select
        profiles.profile_id as profile_a,
        records.profile_id as profile_b,
        'T0' as rule_id
    from profiles
    inner join records
        on
            profiles.foreign_source_system = records.source_system
            and profiles.foreign_record_id = records.source_record_id
),

member_numbers as (
    select
        one.profile_id as profile_a,
        other.profile_id as profile_b,
        'T2' as rule_id
    from numbered as one
    inner join numbered as other
        on one.member_number = other.member_number and one.profile_id < other.profile_id
    where
        one.is_number_enough
        or other.is_number_enough
        or one.birth_date = other.birth_date
        or one.last_key = other.last_key
        or {{ levenshtein('one.last_key', 'other.last_key') }} <= 1
),

emails as (
    select
        one.profile_id as profile_a,
        other.profile_id as profile_b,
        'T3' as rule_id
    from own_emails as one
    inner join own_emails as other
        on one.email_key = other.email_key and one.profile_id < other.profile_id
    where {{ names_compatible('one', 'other') }}
),

found as (
    select * from foreign_ids
    union all
    select * from member_numbers
    union all
    select * from emails
    union all
    select * from {{ ref('int_identity__equal_values') }}
),

ordered as (
    select
        least(profile_a, profile_b) as profile_a,
        greatest(profile_a, profile_b) as profile_b,
        min(rule_id) as rule_id
    from found
    where profile_a <> profile_b
    group by least(profile_a, profile_b), greatest(profile_a, profile_b)
)

select
    ordered.profile_a,
    ordered.profile_b,
    ordered.rule_id
from ordered
left join decided_apart
    on ordered.profile_a = decided_apart.profile_a and ordered.profile_b = decided_apart.profile_b
where decided_apart.profile_a is null
