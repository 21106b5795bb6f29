with contact as (
    {{ raw_current('salesforce', 'contact') }}
),

accounts as (
    select * from {{ ref('base_salesforce__accounts') }}
),

members as (
    select distinct record_id
    from {{ ref('base_salesforce__terms') }}
),

records as (
    select
        id as source_record_id,
        nullif(upper(replace(member_number, ' ', '')), '') as member_number,
        nullif(trim(first_name), '') as first_name,
        nullif(trim(last_name), '') as last_name,
        birth_date,
        email,
        email_key,
        coalesce(mobile_phone_e164, phone_e164) as phone_e164,
        nullif(trim(street), '') as street,
        nullif(trim(postal_code), '') as postal_code,
        nullif(trim(city), '') as city,
        false as is_organisation,
        case
            when deceased_on is not null then deceased_on
            when is_deceased then {{ local_date('modified_at') }}
        end as deceased_on,
        created_at,
        modified_at as updated_at,
        _first_known_at as known_at
    from contact
    union all
    select
        account_id as source_record_id,
        cast(null as varchar) as member_number,
        cast(null as varchar) as first_name,
        cast(null as varchar) as last_name,
        cast(null as date) as birth_date,
        email,
        email_key,
        cast(null as varchar) as phone_e164,
        cast(null as varchar) as street,
        cast(null as varchar) as postal_code,
        cast(null as varchar) as city,
        true as is_organisation,
        cast(null as date) as deceased_on,
        created_at,
        updated_at,
        known_at
    from accounts
)

select
    records.source_record_id,
    'contact' as record_kind,
    records.member_number is not null or members.record_id is not null as is_member_bearing,
    cast(null as varchar) as foreign_source_system,
    cast(null as varchar) as foreign_record_id,
    cast(null as varchar) as sso_subject,
    records.member_number,
    records.first_name,
    records.last_name,
    records.birth_date,
    records.email,
    records.email_key,
    records.phone_e164,
    records.street,
    records.postal_code,
    records.city,
    records.is_organisation,
    records.deceased_on,
    records.created_at,
    records.updated_at,
    records.known_at
from records
left join members on records.source_record_id = members.record_id
