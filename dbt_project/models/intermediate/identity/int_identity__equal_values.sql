-- T1, T4 and T5, where equal values alone decide: the block's first profile stands for the block. A
-- profile that somebody told apart from another stands for itself only, so that the rest stays together
-- without it.
with profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

shared_contacts as (
    select * from {{ ref('int_identity__shared_contacts') }}
),

decided_apart as (
    select * from {{ ref('int_identity__decided_pairs') }}
    where kind = 'distinct'
),

told_apart as (
    select profile_a as profile_id
    from decided_apart
    union
    select profile_b as profile_id
    from decided_apart
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

blocks as (
    select
        profile_id,
        'T1' as rule_id,
        sso_subject as block_value
    from profiles
    where sso_subject is not null
    union all
    select
        profile_id,
        'T4' as rule_id,
        {{ dbt.concat(['phone_e164', "'|'", 'first_key', "'|'", 'last_key']) }} as block_value
    from own_phones
    union all
    select
        profile_id,
        'T5' as rule_id,
        {{ dbt.concat(['first_key', "'|'", 'last_key', "'|'", 'cast(birth_date as varchar)']) }} as block_value
    from profiles
    where first_key is not null and last_key is not null and birth_date is not null
),

blocks_of_named as (
    select
        blocks.*,
        told_apart.profile_id as named_id
    from blocks
    left join told_apart on blocks.profile_id = told_apart.profile_id
),

found as (
    select
        min(profile_id) over (partition by rule_id, block_value, named_id) as profile_a,
        profile_id as profile_b,
        rule_id
    from blocks_of_named
    union all
    select
        one.profile_id as profile_a,
        other.profile_id as profile_b,
        one.rule_id
    from blocks_of_named as one
    inner join blocks as other on one.rule_id = other.rule_id and one.block_value = other.block_value
    where one.named_id is not null
)

select
    profile_a,
    profile_b,
    rule_id
from found
where profile_a <> profile_b
