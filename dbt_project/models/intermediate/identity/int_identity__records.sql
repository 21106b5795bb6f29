with people as (
    select * from {{ ref('conformed__people') }}
    where not is_organisation
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
        {{ name_key('first_name') }} as first_key,
        {{ name_key('last_name') }} as last_key,
        {{ name_key('street') }} as street_key,
        {{ name_key('postal_code') }} as postal_key,
        email_key,
        phone_e164,
        is_member_bearing,
        birth_date,
        coalesce(created_at, cast('9999-12-31' as timestamp)) as created_at
    from people
)

select
    *,
    {{ surrogate_key(['source_system', 'source_record_id']) }} as birth_key,
    dense_rank() over (
        order by
            source_system,
            first_key,
            last_key,
            birth_date,
            email_key,
            phone_e164,
            member_number,
            foreign_source_system,
            foreign_record_id,
            sso_subject
    ) as profile_id
from normalised
