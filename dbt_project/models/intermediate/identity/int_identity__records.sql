-- Records are compared by what is written here. A record that nothing but a name describes, and one
-- that somebody has told apart from another, is a profile of its own: an equal name makes nobody one.
with people as (
    select * from {{ ref('conformed__people') }}
    where not is_organisation
),

told_apart as (
    select distinct
        source_system,
        source_record_id
    from {{ ref('int_identity__decided_records') }}
    where kind = 'distinct'
),

normalised as (
    select
        source_system,
        source_record_id,
        record_kind,
        foreign_source_system,
        foreign_record_id,
        sso_subject,
        member_number,
        {{ name_key(without_suffix('first_name')) }} as first_key,
        {{ name_key(without_suffix('last_name')) }} as last_key,
        coalesce({{ name_suffix('last_name') }}, {{ name_suffix('first_name') }}) as suffix_key,
        {{ name_key('street') }} as street_key,
        {{ name_key('postal_code') }} as postal_key,
        email_key,
        phone_e164,
        is_member_bearing,
        birth_date,
        deceased_on,
        coalesce(created_at, cast('9999-12-31' as timestamp)) as created_at
    from people
),

separable as (
    select
        normalised.*,
        case
            when
                told_apart.source_record_id is not null
                or not (
                    normalised.email_key is not null
                    or normalised.phone_e164 is not null
                    or normalised.member_number is not null
                    or normalised.foreign_record_id is not null
                    or normalised.sso_subject is not null
                    or (
                        normalised.first_key is not null
                        and normalised.last_key is not null
                        and normalised.birth_date is not null
                    )
                )
                then normalised.source_record_id
        end as own_id
    from normalised
    left join told_apart
        on
            normalised.source_system = told_apart.source_system
            and normalised.source_record_id = told_apart.source_record_id
)

select
    *,
    {{ surrogate_key(['source_system', 'source_record_id']) }} as birth_key,
    dense_rank() over (
        order by
            source_system,
            own_id,
            first_key,
            last_key,
            suffix_key,
            birth_date,
            email_key,
            phone_e164,
            member_number,
            foreign_source_system,
            foreign_record_id,
            sso_subject
    ) as profile_id
from separable
