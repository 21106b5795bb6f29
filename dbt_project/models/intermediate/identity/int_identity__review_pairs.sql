-- Pairs of profiles that may be one person and are not: what the guard separated, links by hand that do
-- not hold, equal names behind a shared address, equal names at one postal address (T6). None of them
-- links anybody, so nothing is ever reached through them.
with clusters as (
    select * from {{ ref('int_identity__clusters') }}
),

profiles as (
    select
        profiles.*,
        clusters.cluster_id,
        clusters.guard_reason
    from {{ ref('int_identity__profiles') }} as profiles
    inner join clusters on profiles.profile_id = clusters.profile_id
),

cannot_links as (
    select * from {{ ref('int_identity__cannot_links') }}
),

shared_contacts as (
    select * from {{ ref('int_identity__shared_contacts') }}
    where contact_kind = 'email' and reason <> 'crowd'
),

separated as (
    select
        pairs.profile_a,
        pairs.profile_b,
        pairs.rule_id
    from {{ ref('int_identity__pairs') }} as pairs
    union all
    select
        decided_pairs.profile_a,
        decided_pairs.profile_b,
        'M' as rule_id
    from {{ ref('int_identity__decided_pairs') }} as decided_pairs
    where decided_pairs.kind = 'link'
),

guarded as (
    select
        separated.profile_a,
        separated.profile_b,
        separated.rule_id,
        coalesce(cannot_links.reason, one.guard_reason, other.guard_reason) as reason
    from separated
    inner join profiles as one on separated.profile_a = one.profile_id
    inner join profiles as other on separated.profile_b = other.profile_id
    left join cannot_links
        on separated.profile_a = cannot_links.profile_a and separated.profile_b = cannot_links.profile_b
    where one.cluster_id <> other.cluster_id
),

sharing as (
    select profiles.*
    from profiles
    inner join shared_contacts on profiles.email_key = shared_contacts.contact_value
    where profiles.first_key is not null
),

shared_emails as (
    select
        one.profile_id as profile_a,
        other.profile_id as profile_b,
        'T3' as rule_id,
        'shared_email' as reason
    from sharing as one
    inner join sharing as other
        on
            one.email_key = other.email_key
            and one.first_key = other.first_key
            and one.profile_id < other.profile_id
    where one.cluster_id <> other.cluster_id
),

addressed as (
    select
        *,
        count(*) over (partition by first_key, last_key, street_key, postal_key) as block_size
    from profiles
    where
        first_key is not null and last_key is not null and street_key is not null and postal_key is not null
),

addresses as (
    select
        one.profile_id as profile_a,
        other.profile_id as profile_b,
        'T6' as rule_id,
        'same_name_and_address' as reason
    from addressed as one
    inner join addressed as other
        on
            one.first_key = other.first_key
            and one.last_key = other.last_key
            and one.street_key = other.street_key
            and one.postal_key = other.postal_key
            and one.profile_id < other.profile_id
    where
        one.cluster_id <> other.cluster_id
        and one.block_size between 2 and {{ var('identity_block_limit') }}
)

select * from guarded
union all
select * from shared_emails
union all
select * from addresses
