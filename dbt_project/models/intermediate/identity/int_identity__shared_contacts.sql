-- Addresses and phone numbers that belong to a household, an office or a crowd: no evidence of who
-- somebody is.
with profiles as (
    select * from {{ ref('int_identity__profiles') }}
),

contacts as (
    select
        'email' as contact_kind,
        email_key as contact_value,
        first_key,
        birth_date
    from profiles
    where email_key is not null
    union all
    select
        'phone' as contact_kind,
        phone_e164 as contact_value,
        first_key,
        birth_date
    from profiles
    where phone_e164 is not null
),

counted as (
    select
        contact_kind,
        contact_value,
        count(*) as profile_count,
        count(distinct first_key) as first_name_count,
        count(distinct birth_date) as birth_date_count
    from contacts
    group by contact_kind, contact_value
),

role_mailboxes as (
    select
        contact_kind,
        contact_value,
        'role_mailbox' as reason
    from counted
    where
        contact_kind = 'email'
        and lower({{ dbt.split_part('contact_value', "'@'", 1) }}) in (
            {%- for mailbox in var('role_mailboxes') %}
            '{{ mailbox }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
),

crowds as (
    select
        contact_kind,
        contact_value,
        'crowd' as reason
    from counted
    where profile_count > {{ var('identity_block_limit') }}
),

birth_dates as (
    select
        contact_kind,
        contact_value,
        'birth_dates' as reason
    from counted
    where birth_date_count > 1
),

several_names as (
    select distinct
        contacts.contact_kind,
        contacts.contact_value,
        contacts.first_key
    from contacts
    inner join counted
        on
            contacts.contact_kind = counted.contact_kind
            and contacts.contact_value = counted.contact_value
    where
        counted.first_name_count > 1
        and counted.profile_count <= {{ var('identity_block_limit') }}
        and contacts.first_key is not null
),

first_names as (
    select distinct
        one.contact_kind,
        one.contact_value,
        'first_names' as reason
    from several_names as one
    inner join several_names as other
        on
            one.contact_kind = other.contact_kind
            and one.contact_value = other.contact_value
            and one.first_key < other.first_key
    where not {{ first_names_compatible('one.first_key', 'other.first_key') }}
),

reasons as (
    select * from role_mailboxes
    union all
    select * from crowds
    union all
    select * from birth_dates
    union all
    select * from first_names
)

select
    contact_kind,
    contact_value,
    min(reason) as reason
from reasons
group by contact_kind, contact_value
