-- Every tier is a join on equal values, never a comparison of all with all. Where equality alone
-- decides (T1, T4, T5) the block's first profile stands for the block.
with profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

records as (
    select * from {{ ref('int_identity__records') }}
),

shared_contacts as (
    select * from {{ ref('int_identity__shared_contacts') }}
),

own_emails as (
    select profiles.*
    from profiles
    left join shared_contacts
        on profiles.email_key = shared_contacts.contact_value and shared_contacts.contact_kind = 'email'
    where profiles.email_key is not null and shared_contacts.contact_value is null
),

own_phones as (
    select profiles.*
    from profiles
    left join shared_contacts
        on profiles.phone_e164 = shared_contacts.contact_value and shared_contacts.contact_kind = 'phone'
    where
        profiles.phone_e164 is not null
        and profiles.first_key is not null
        and profiles.last_key is not null
        and shared_contacts.contact_value is null
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

sso_subjects as (
    select
        min(profile_id) over (partition by sso_subject) as profile_a,
        profile_id as profile_b,
        'T1' as rule_id
    from profiles
    where sso_subject is not null
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

phones as (
    select
        min(profile_id) over (partition by phone_e164, first_key, last_key) as profile_a,
        profile_id as profile_b,
        'T4' as rule_id
    from own_phones
),

birth_dates as (
    select
        min(profile_id) over (partition by first_key, last_key, birth_date) as profile_a,
        profile_id as profile_b,
        'T5' as rule_id
    from profiles
    where first_key is not null and last_key is not null and birth_date is not null
),

found as (
    select * from foreign_ids
    union all
    select * from sso_subjects
    union all
    select * from member_numbers
    union all
    select * from emails
    union all
    select * from phones
    union all
    select * from birth_dates
)

select
    least(profile_a, profile_b) as profile_a,
    greatest(profile_a, profile_b) as profile_b,
    min(rule_id) as rule_id
from found
where profile_a <> profile_b
group by least(profile_a, profile_b), greatest(profile_a, profile_b)
